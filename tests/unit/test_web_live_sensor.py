"""A watched sensor: what is new, once for all, and what is kept."""

import numpy as np

from tests.unit.live_batches import START_NS, received
from tests.unit.live_frames import Picture, decode
from web import frames, ladder
from web.live_sensor import KEPT_S, Key, LiveSensor
from web.spectra import lines

RUNG = ladder.rung(10.0, 800)  # 10 ms
SECOND = 10**9


def picture(made: list[frames.Frame] | tuple[frames.Frame, ...]) -> Picture:
    seen = Picture()
    for frame in made:
        seen.apply(decode(frame.numbered(1)))
    return seen


def sensor(*keys: Key) -> LiveSensor:
    made = LiveSensor("pump-1")
    made.look_at(keys, (), 11 * SECOND, 0.0)
    return made


def test_take_puts_each_channel_into_its_levels_and_leaves_others_out() -> None:
    """A channel that nobody looks at costs nothing."""
    one = sensor((0, RUNG), (2, RUNG))
    one.take(received(0, channels=3), 0.0)
    fresh = one.fresh([(0, RUNG), (2, RUNG)], all_finished=True)
    first_k = START_NS // ladder.STEPS_NS[RUNG]
    assert picture(fresh[0, RUNG].frames).bins[first_k] == (0.0, 9.0)
    assert picture(fresh[2, RUNG].frames).bins[first_k] == (2.0, 11.0)
    assert 1 not in one._recent


def test_fresh_of_a_quiet_sensor_is_nothing() -> None:
    """No frames without news."""
    one = sensor((0, RUNG))
    assert one.fresh([(0, RUNG)]) == {}
    one.take(received(0), 0.0)
    assert one.fresh([(0, RUNG)], all_finished=True)
    assert one.heard_s is None
    assert one.fresh([(0, RUNG)]) == {}


def test_fresh_names_the_earliest_time_for_who_misses_it() -> None:
    """From there everything is given by `since`, also what came late."""
    one = sensor((0, RUNG))
    for sequence in (0, 1, 3):
        one.take(received(sequence), 0.0)
        one.fresh([(0, RUNG)])
    one.take(received(2), 0.0)
    one.take(received(4), 0.0)
    fresh = one.fresh([(0, RUNG)])[0, RUNG]
    assert fresh.from_ns == START_NS + 200 * 10**6
    missed = picture(one.since((0, RUNG), fresh.from_ns))
    told = picture(fresh.frames)
    assert missed.bins == told.bins | {k: v for k, v in missed.bins.items() if k not in told.bins}
    assert len(missed.bins) == 30


def test_fresh_after_the_clock_was_set_back_replaces_everything_also_by_nothing_yet() -> None:
    """What is left may be one bin that is not finished: then all that was said is void."""
    one = sensor((0, RUNG))
    one.take(received(0), 0.0)
    one.fresh([(0, RUNG)])
    one.take(received(1, np.zeros(5, np.float32), start_ns=START_NS - 3600 * SECOND), 0.0)
    fresh = one.fresh([(0, RUNG)])[0, RUNG]
    assert fresh.replaced
    seen = picture(fresh.frames)
    assert (seen.replaced, len(seen.bins)) == (1, 0)


def test_everything_is_the_newest_span_and_one_frame_where_there_is_nothing() -> None:
    """A page that joins sees at once what others see."""
    one = sensor((0, RUNG))
    empty = one.everything((0, RUNG), 10.0)
    assert [decode(frame.numbered(7)).flags for frame in empty] == [frames.EVERYTHING]
    for sequence in range(50):
        one.take(received(sequence), 0.0)
    one.fresh([(0, RUNG)])
    seen = picture(one.everything((0, RUNG), 2.0))
    assert seen.replaced == 1
    assert len(seen.bins) == 201


def test_look_at_another_width_begins_with_what_is_known() -> None:
    """Finer from the newest samples, coarser from finer bins where those reach further."""
    one = sensor((0, RUNG))
    for sequence in range(500):  # 50 s, of which 32.7 s are held as samples
        one.take(received(sequence), 0.0)
    one.look_at([(0, RUNG)], (), 60 * SECOND, 0.0)
    for sequence in range(500, 1000):
        one.take(received(sequence), 0.0)
    one.look_at([(0, RUNG - 2), (0, RUNG + 2)], [(0, RUNG)], 60 * SECOND, 0.0)
    finer, coarser = (
        picture(one.everything((0, RUNG - 2), 60.0)),
        picture(one.everything((0, RUNG + 2), 60.0)),
    )
    assert finer.step == 0.002
    assert len(finer.bins) * finer.step > 30
    assert coarser.step == 0.05
    assert len(coarser.bins) * coarser.step > 55
    one.take(received(1000), 0.0)
    assert one.fresh([(0, RUNG - 2), (0, RUNG + 2)]).keys() == {(0, RUNG - 2), (0, RUNG + 2)}


def test_tidy_forgets_what_nobody_has_looked_at_for_a_while() -> None:
    """Not at once: a page that is loaded anew finds its picture again."""
    one = sensor((0, RUNG), (1, RUNG))
    one.take(received(0, channels=2), 0.0)
    one.tidy([(0, RUNG)], KEPT_S - 1)
    assert len(one) == 2
    one.tidy([(0, RUNG)], KEPT_S + 1)
    assert len(one) == 1
    assert list(one._recent) == [0]
    one.tidy([], 2 * KEPT_S + 2)
    assert (len(one), one._recent) == (0, {})


def test_tidy_keeps_a_bounded_number_of_levels_that_nobody_looks_at() -> None:
    """Somebody may try all spans and channels one after the other."""
    one = sensor(*((channel, rung) for channel in range(16) for rung in range(20)))
    one.tidy([(0, 3)], 1.0)
    assert len(one) == 65


def test_keep_spectra_are_there_for_who_joins() -> None:
    """Else the spectrum of a page would be empty for a second."""
    one = sensor((0, RUNG))
    one.take(received(0, channels=1), 0.0)
    stretches = one.stretches([0, 1])
    assert list(stretches) == [0]
    one.keep_spectra({0: lines(stretches[0])})
    found = decode(one.spectra[0].numbered(3))
    assert (found.kind, found.channel, found.watch) == (frames.SPECTRUM, 0, 3)
