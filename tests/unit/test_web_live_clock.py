"""Which batches are live, and how late they come."""

import pytest

from tests.unit.live_batches import START_NS, received
from web.sensor_clock import SensorClock


def test_take_what_follows_is_live_what_comes_again_or_late_is_not() -> None:
    """By sequence, as a sensor resends with the times of then."""
    clock = SensorClock()
    assert [clock.take(received(sequence)) for sequence in (0, 1, 1, 4, 2, 5)] == [
        True, True, False, True, False, True,
    ]  # fmt: skip


def test_take_of_a_new_session_is_live_though_its_clock_is_behind() -> None:
    """A sensor that was rebooted begins at 0, perhaps with another time."""
    clock = SensorClock()
    assert clock.take(received(70))
    assert clock.take(received(0, session=2, start_ns=START_NS - 3600 * 10**9))
    assert clock.take(received(1, session=2, start_ns=START_NS - 3599 * 10**9))


def test_take_of_a_session_that_is_over_is_late_unless_it_goes_on() -> None:
    """What is resent of it is history; a session that was heard of first may have been the resent one."""
    clock = SensorClock()
    assert clock.take(received(5))  # resent
    assert clock.take(received(30, session=2))
    assert not clock.take(received(6))
    assert clock.take(received(31, session=2))
    assert not clock.take(received(4))
    assert clock.take(received(40))


def test_take_of_sessions_without_end_remembers_a_bounded_number() -> None:
    """A sensor that reboots all the time."""
    clock = SensorClock()
    for session in range(1000):
        assert clock.take(received(0, session=session, start_ns=START_NS + session * 10**9))
    assert len(clock._before) == 8


def test_delay_is_what_the_slowest_batch_of_lately_took_from_its_beginning() -> None:
    """So that there always is something to move on to; it shrinks when the slow one is past."""
    clock = SensorClock()
    assert clock.delay_s is None
    assert clock.latency_s is None
    for sequence in range(20):
        clock.take(received(sequence, late_s=0.3 if sequence == 3 else 0.05))
    assert clock.delay_s == pytest.approx(0.3 + 0.1, abs=0.002)
    assert clock.latency_s == pytest.approx(0.05)
    for sequence in range(20, 200):
        clock.take(received(sequence))
    assert clock.delay_s == pytest.approx(0.05 + 0.1, abs=0.002)


def test_delay_of_a_clock_that_is_off_by_hours_is_as_much_and_follows_it_when_it_is_set() -> None:
    """Shown by its own time: the delay says by how much that differs from ours."""
    clock = SensorClock()
    for sequence in range(10):
        clock.take(received(sequence, late_s=7200.0))
    assert clock.delay_s == pytest.approx(7200.1, abs=0.01)
    clock.take(received(10, late_s=-1.5))
    assert clock.delay_s == pytest.approx(-1.4, abs=0.01)


def test_delay_does_not_count_what_is_resent() -> None:
    """A batch of an hour ago that comes now says nothing of the way here."""
    clock = SensorClock()
    clock.take(received(100))
    clock.take(received(3, late_s=3600.0))
    assert clock.delay_s == pytest.approx(0.15, abs=0.002)
