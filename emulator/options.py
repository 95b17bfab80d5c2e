"""What the options of `python -m emulator` may be: every number has a range, and is one."""

import math
from pathlib import Path
from typing import Any

import click

from wire import limits

_FASTEST_VIBRATION_HZ = 26_667.0  # what the births of the fleet declare
_FASTEST_TEMPERATURE_HZ = 10.0


class Number(click.FloatRange):
    """A range of numbers, both ends included; NaN is in none (a comparison alone would let it in)."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or a sentence that names the range."""
        if math.isnan(number := float(super().convert(value, param, ctx))):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


class Step(click.types.StringParamType):
    """AT:BY, two numbers of seconds; BY may be negative."""

    name = "at:by"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Both numbers."""
        at, colon, by = str(value).partition(":")
        if not colon:
            self.fail(f"{value} is not AT:BY, two numbers of seconds", param, ctx)
        return _STEP_AT_S.convert(at, param, ctx), _STEP_BY_S.convert(by, param, ctx)


VIBRATION_HZ = Number(0.01, _FASTEST_VIBRATION_HZ)
TEMPERATURE_HZ = Number(0.01, _FASTEST_TEMPERATURE_HZ)
RECORDING_HZ = Number(0.01, limits.MAXIMUM_SAMPLE_FREQUENCY_HZ)
BATCH_S = Number(0.001, 3_600)
RING_BYTES = click.IntRange(1_000, 1_000_000_000)
SPEED = Number(0.001, 1_000)
MESSAGES_PER_S = Number(0.1, 1_000_000)
SAMPLES = click.IntRange(1, limits.MAXIMUM_SAMPLES)
DURATION_S = Number(0, 100_000_000)
_STEP_AT_S = Number(0, 1e9)
_STEP_BY_S = Number(-1e9, 1e9)
START_NS = click.IntRange(limits.MINIMUM_TIME_NS, 2**62)
SENSORS = click.IntRange(1, 20_000)
RUN_DOWN_S = Number(0, 3_600)
RESTART_S = Number(0.1, 1_000_000)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
