"""How coarse a viewer's bins are, so that it keeps up with its line. Pure; time is given in seconds."""

from typing import Final

_SKIPS: Final = 8  # in a row, without a rest: then bins become coarser
_REST_S: Final = 5.0  # without a skip
_STALL_S: Final = 1.0  # that what was sent at once may take
_RUNGS: Final = 2  # coarser at once: by a factor of 4 or 5
_HOLD_S: Final = 10.0  # that it has to keep up before bins become finer by a rung
_MOST_HOLD_S: Final = 320.0


class Pace:
    """Steps up and down the ladder of bin widths."""

    def __init__(self) -> None:
        self.coarser = 0  # rungs above what was asked for
        self._most = 0
        self._skips = 0
        self._trouble_s = 0.0  # when it last did not keep up
        self._changed_s = 0.0
        self._hold_s = _HOLD_S
        self._finer = False  # the last change was to finer bins

    def limit(self, most: int) -> None:
        """No more rungs than these."""
        self._most = most
        self.coarser = min(self.coarser, most)

    def skipped(self, now_s: float) -> bool:
        """It did not get a frame, as those before were still under way. True: bins have become coarser."""
        if now_s - self._trouble_s > _REST_S:
            self._skips = 0
        self._skips += 1
        self._trouble_s = now_s
        return self._skips >= _SKIPS and self._slow(now_s)

    def sent(self, now_s: float, took_s: float) -> bool:
        """What it got at once took so long. True: bins have become coarser."""
        if took_s < _STALL_S:
            return False
        self._trouble_s = now_s
        return self._slow(now_s)

    def rested(self, now_s: float) -> bool:
        """To ask now and then. True: it has kept up so long that bins have become finer."""
        if not self.coarser or now_s - max(self._trouble_s, self._changed_s) < self._hold_s:
            return False
        self.coarser -= 1
        self._changed_s = now_s
        self._finer = True
        return True

    def _slow(self, now_s: float) -> bool:
        self._skips = 0
        if self._finer:  # it was tried in vain: the next time later
            self._hold_s = min(2 * self._hold_s, _MOST_HOLD_S)
        self._finer = False
        before = self.coarser
        self.coarser = min(before + _RUNGS, self._most)
        self._changed_s = now_s
        return self.coarser != before
