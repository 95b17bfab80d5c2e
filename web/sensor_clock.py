"""In which order a sensor's batches were made, and how long after it they come here. Pure; times are given."""

from collections import deque
from statistics import median
from typing import Final

from runtime.live import Received
from wire.codec import Batch

_SESSIONS: Final = 8  # that a sensor had before: what is resent of them is history
_RECENT_S: Final = 10.0
_MOST_RECENT: Final = 256
_SET_S: Final = 2.0  # a clock that jumps by more was set: what was known of delays is void


class SensorClock:
    """What is known of the times of one sensor's batches."""

    def __init__(self) -> None:
        self._session: int | None = None
        self._sequence = -1
        self._newest_ns = 0
        self._before: deque[tuple[int, int]] = deque(maxlen=_SESSIONS)  # sessions and their last sequences
        self._recent: deque[tuple[int, float, float]] = deque(
            maxlen=_MOST_RECENT
        )  # received, to end, to start

    def take(self, received: Received) -> bool:
        """Whether this batch is live: made after all that came before, and not resent."""
        batch = received.batch
        if not self._is_next(batch):
            return False
        to_end_s = received.latency_s
        to_start_s = to_end_s + batch.sample_count / batch.sample_frequency_hz
        recent = self._recent
        if recent and abs(to_end_s - recent[-1][1]) > _SET_S:
            recent.clear()
        while recent and received.received_ns - recent[0][0] > _RECENT_S * 1e9 and len(recent) > 1:
            recent.popleft()
        recent.append((received.received_ns, to_end_s, to_start_s))
        return True

    @property
    def delay_s(self) -> float | None:
        """What is shown is to be so much older than now, that there is always something to move on to; None: unknown.

        The longest that the beginning of a batch took to come here lately. By the sensor's clock, so it may be negative.
        """
        return max((one[2] for one in self._recent), default=None)

    @property
    def latency_s(self) -> float | None:
        """From the end of a batch to here, the median of lately."""
        return median(one[1] for one in self._recent) if self._recent else None

    def _is_next(self, batch: Batch) -> bool:
        if batch.session == self._session:
            if batch.sequence <= self._sequence:
                return False
        else:
            last = dict(self._before).get(batch.session)
            # of a session that is over: it goes on only where newer batches of it come
            if last is not None and (batch.sequence <= last or batch.start_time_ns <= self._newest_ns):
                return False
            self._before = deque((one for one in self._before if one[0] != batch.session), _SESSIONS)
            if self._session is not None:
                self._before.append((self._session, self._sequence))
            self._session = batch.session
        self._newest_ns = batch.start_time_ns
        self._sequence = batch.sequence
        return True
