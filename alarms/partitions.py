"""How far each partition is judged, and from where it would have to be read again. Pure."""

from collections import deque
from typing import Final

_STEPS: Final = 256  # of the history


class Partition:
    """One stream that this process judges."""

    def __init__(self, next_offset: int, rewind_offset: int) -> None:
        self.judged_from = next_offset  # what is before was judged, and only fills windows
        self.taken = rewind_offset  # the offset behind what was taken
        self.written = next_offset  # as the database has it
        self._history: deque[tuple[int, int]] = deque()  # (time in ms, offset), rising

    def take(self, offset: int, time_ms: int, window_s: float) -> bool:
        """A stream message; whether it is to be judged. window_s: the longest window that there is."""
        self.taken = offset + 1
        if not self._history or time_ms - self._history[-1][0] >= window_s * 1e3 / _STEPS:
            self._history.append((time_ms, offset))
        # the first one stays that is not after the window's begin
        while len(self._history) > 1 and self._history[1][0] <= time_ms - window_s * 1e3:
            self._history.popleft()
        return offset >= self.judged_from

    @property
    def next_offset(self) -> int:
        """Everything that was taken is judged: where to go on."""
        return max(self.taken, self.judged_from)

    @property
    def rewind_offset(self) -> int:
        """From here on all windows that are not whole yet can be filled."""
        return self._history[0][1] if self._history else min(self.taken, self.judged_from)
