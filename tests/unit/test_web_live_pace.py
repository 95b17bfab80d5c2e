"""Coarser bins for who does not keep up, finer ones when it does again."""

from itertools import pairwise

from web.pace import Pace


def pace(most: int = 6) -> Pace:
    made = Pace()
    made.limit(most)
    return made


def skip(one: Pace, count: int, at_s: float) -> bool:
    said = [one.skipped(at_s + i * 0.1) for i in range(count)]
    return any(said)


def test_skipped_now_and_then_changes_nothing() -> None:
    """A short stall is made up for."""
    one = pace()
    for minute in range(10):
        assert not skip(one, 7, minute * 60.0)
    assert one.coarser == 0


def test_skipped_again_and_again_is_coarser_each_time_up_to_the_most() -> None:
    """By a factor of four or five each time, until a page would have nothing to see."""
    one = pace(most=5)
    steps = []
    for round_ in range(5):
        skip(one, 8, round_ * 1.0)
        steps.append(one.coarser)
    assert steps == [2, 4, 5, 5, 5]
    assert not skip(one, 8, 6.0)


def test_sent_what_took_long_is_coarser() -> None:
    """Also where batches come so seldom that nothing is skipped."""
    one = pace()
    assert not one.sent(1.0, 0.9)
    assert one.sent(2.0, 1.1)
    assert one.coarser == 2


def test_rested_is_finer_by_one_after_it_has_kept_up() -> None:
    """Each step is tried for a while."""
    one = pace()
    skip(one, 8, 0.0)
    assert not one.rested(10.0)
    assert one.rested(11.0)
    assert one.coarser == 1
    assert not one.rested(20.0)
    assert one.rested(21.0)
    assert not one.rested(100.0)
    assert one.coarser == 0


def test_rested_after_finer_was_tried_in_vain_waits_longer_each_time() -> None:
    """So that a slow line is not flooded with a picture that it cannot take, again and again; bounded."""
    one = pace(most=2)
    now_s, waits = 0.0, []
    skip(one, 8, now_s)
    for _ in range(8):
        began_s = now_s
        while not one.rested(now_s):
            now_s += 1.0
        waits.append(round(now_s - began_s))
        skip(one, 8, now_s)
    assert waits[0] < 12
    assert all(18 <= later / earlier * 10 <= 22 for earlier, later in pairwise(waits[:5]))
    assert waits[-1] < 325


def test_limit_takes_what_is_beyond_back() -> None:
    """A shorter span has fewer rungs."""
    one = pace()
    skip(one, 8, 0.0)
    one.limit(1)
    assert one.coarser == 1
