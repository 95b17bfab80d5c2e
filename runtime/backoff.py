"""Waiting between attempts: exponential, capped, with full jitter so that many do not come back at once."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """`next()` gives the seconds to wait before another attempt; `reset()` after a success.

    The n-th wait is uniform in [0.5, 1] × min(maximum_s, initial_s × 2ⁿ).
    """

    initial_s: float = 0.1
    maximum_s: float = 10.0
    attempts: int = 0

    def next(self) -> float:
        """Seconds to wait now; each call counts as one failed attempt."""
        ceiling = min(self.maximum_s, self.initial_s * 2.0 ** min(self.attempts, 32))
        self.attempts += 1
        return ceiling * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, not a secret

    def reset(self) -> None:
        """The attempt succeeded: begin anew."""
        self.attempts = 0
