"""Bin widths of 1, 2 or 5 times a power of ten, so that viewers of about the same span share what is made for them."""

from bisect import bisect_right
from typing import Final

STEPS_NS: Final = tuple(
    digit * 10**exponent for exponent in range(4, 13) for digit in (1, 2, 5)
)  # 10 µs to 5000 s
LEAST_SPAN_S: Final = 0.1
MOST_SPAN_S: Final = 3600.0
MOST_COLUMNS: Final = 4000
MOST_BINS: Final = 10_000  # of a span: two and a half times its columns
_LEAST_BINS: Final = 20  # of a span, however slow a viewer is


def rung(span_s: float, columns: int) -> int:
    """The index of the widest bin of which `columns` or more make up the span."""
    return max(bisect_right(STEPS_NS, span_s * 1e9 / columns) - 1, 0)


def coarsest(span_s: float, columns: int) -> int:
    """How many rungs higher bins may be made for who is slow, so that there is still something to see."""
    return max(rung(span_s, min(_LEAST_BINS, columns)) - rung(span_s, columns), 0)
