"""Numbers as options take them."""

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A number in a range. For click NaN is in every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, finite and in the range."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no finite number", param, ctx)
        return number
