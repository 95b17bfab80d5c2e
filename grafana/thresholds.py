"""From which value on something is worth a look, or bad; and the colours of states and severities."""

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

GOOD: Final = "green"
WATCH: Final = "orange"
BAD: Final = "red"
QUIET: Final = "text"  # of the theme: neither good nor bad

STATES: Final[Mapping[str, str]] = {"AWAKE": GOOD, "ASLEEP": "blue", "OFFLINE": BAD, "UNKNOWN": "gray"}


def steps(*colours: tuple[float | None, str]) -> ThresholdsConfig:
    """Colours from these values on; the first value is None, for whatever is below the second."""
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value, colour) for value, colour in colours])
    )


def rising(watch: float, bad: float | None = None) -> ThresholdsConfig:
    """Good when it is low."""
    return steps((None, GOOD), (watch, WATCH), *([] if bad is None else [(bad, BAD)]))


def falling(watch: float, bad: float | None = None) -> ThresholdsConfig:
    """Good from `watch` on, bad below `bad`."""
    if bad is None:
        return steps((None, WATCH), (watch, GOOD))
    return steps((None, BAD), (bad, WATCH), (watch, GOOD))


def none() -> ThresholdsConfig:
    """There is no good and no bad."""
    return steps((None, QUIET))


def named(colours: Mapping[str, str]) -> Sequence[ValueMapping]:
    """Text that has a colour of its own."""
    return [
        ValueMap(
            {
                text: ValueMappingResult(text=text, color=colour, index=i)
                for i, (text, colour) in enumerate(colours.items())
            }
        )
    ]


def severity() -> ThresholdsConfig:
    """As OPC UA counts: 1 … 1000, low, medium from 334, high from 667."""
    return steps((None, "yellow"), (334, WATCH), (667, BAD))


def severity_or_none() -> ThresholdsConfig:
    """The same, where 0 says that there is no alarm."""
    return steps((None, "transparent"), (1, "yellow"), (334, WATCH), (667, BAD))
