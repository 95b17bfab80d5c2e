"""What a rule is: checked when it is imported, edited and read. Pure; docs/alarms.md has it in words.

The database keeps a rule's definition as JSON of these models, YAML files have the same names. Times are in seconds.
"""

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from vibration.units import UnitError, unit
from wire.limits import MAXIMUM_ALARM_TEXT_BYTES

Severity = Annotated[int, Field(ge=1, le=1000, strict=True)]  # as OPC UA counts them
Seconds = Annotated[float, Field(ge=0, le=31_536_000, allow_inf_nan=False, strict=True)]
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]  # no texts, no booleans
Name = Annotated[str, Field(min_length=1, max_length=200)]

HIGH_LEVELS: Final = ("high_high", "high")  # most severe first
LOW_LEVELS: Final = ("low_low", "low")
# Of each batch as it comes, without a window: within milliseconds.
BATCH_FEATURES: Final = ("maximum", "minimum", "mean", "rms")
# Of a window that spans batches; ratios have no unit.
RATIOS: Final = ("crest_factor", "kurtosis")
Feature = Literal[
    "maximum", "minimum", "mean", "rms", "peak", "peak_to_peak", "crest_factor", "kurtosis", "velocity_rms"
]


def _short(text: str) -> str:
    if len(text.encode()) > MAXIMUM_ALARM_TEXT_BYTES or "\0" in text:
        raise ValueError(f"at most {MAXIMUM_ALARM_TEXT_BYTES} bytes fit, and none of them 0")
    return text


class RuleError(ValueError):
    """A definition that is no rule; the text has a line for each mistake."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Level(_Model):
    """Active at the limit and beyond; over when the value is back by more than the deadband."""

    limit: Finite
    deadband: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    severity: Severity


class Levels(_Model):
    """Up to four, in order: low_low < low < high < high_high."""

    high_high: Level | None = None
    high: Level | None = None
    low: Level | None = None
    low_low: Level | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Levels":
        given = [
            (name, level)
            for name in ("low_low", "low", "high", "high_high")
            if (level := getattr(self, name)) is not None
        ]
        if not given:
            raise ValueError("at least one of high_high, high, low, low_low")
        for (below, lower), (above, upper) in itertools.pairwise(given):
            if not lower.limit < upper.limit:
                raise ValueError(
                    f"the limit of {below} ({lower.limit:g}) is not below that of {above} ({upper.limit:g})"
                )
        return self

    def given(self) -> dict[str, Level]:
        """Those that there are, the most severe of each side first."""
        return {
            name: level for name in (*HIGH_LEVELS, *LOW_LEVELS) if (level := getattr(self, name)) is not None
        }


class Publish(_Model):
    """To the exchange, with routing key sensor_{serial number}.alarms.trigger."""

    do: Literal["publish"]


class ChangeFrequency(_Model):
    """Command the sensor to sample faster for a while, and back."""

    do: Literal["change_sample_frequency"]
    sample_frequency_hz: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
    for_s: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] = 600.0


class TriggerSensor(_Model):
    """Command TriggerAlarm: the sensor shows or sounds the alarm."""

    do: Literal["trigger_sensor"]
    action: Annotated[str, AfterValidator(_short)] = ""


class Webhook(_Model):
    """POST of the event as JSON, signed."""

    do: Literal["webhook"]
    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)]


class Email(_Model):
    """A mail to each of these."""

    do: Literal["email"]
    to: Annotated[
        list[Annotated[str, Field(pattern=r"^[^@\s,]+@[^@\s,]+$", max_length=254)]],
        Field(min_length=1, max_length=50),
    ]


Action = Annotated[Publish | ChangeFrequency | TriggerSensor | Webhook | Email, Field(discriminator="do")]


class Trigger(_Model):
    """Tell the target's machine controllers (gRPC), at once; they acknowledge with what they have done."""

    action: Annotated[str, Field(min_length=1, max_length=64)] = "stop"
    acknowledge_within_s: Annotated[float, Field(ge=0.1, le=3600)] = 5.0
    escalate: list[Action] = []  # to be done where nobody acknowledges in time


class Scope(_Model):
    """Whom the rule is for: exactly one of these."""

    sensor: Name | None = None
    target: Name | None = None
    type: Name | None = None
    all: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Scope":
        if sum(value is not None for value in (self.sensor, self.target, self.type, self.all)) != 1:
            raise ValueError("exactly one of sensor, target, type, all: true")
        return self


class _Common(_Model):
    scope: Scope = Field(alias="for")
    on_delay_s: Seconds = 0.0
    off_delay_s: Seconds = 0.0
    realarm_s: Seconds = 0.0  # acknowledged and still active after so long: unacknowledged again; 0: never
    actions: list[Action] = []
    trigger: Trigger | None = None
    description: Annotated[str, Field(max_length=500)] = ""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _OfChannel(_Common):
    channel: str | None = None  # its name; without it every channel of a unit that fits


class _OfFeature(_OfChannel):
    feature: Feature
    unit: str = ""  # of the limits; empty for ratios
    window_s: Annotated[float, Field(ge=0.01, le=3600)] | None = None  # None: of each batch, at once
    hop_s: Annotated[float, Field(ge=0.01, le=86_400)] | None = None  # None: as long as the window

    @model_validator(mode="after")
    def _fits(self) -> "_OfFeature":
        if self.window_s is None:
            if self.feature not in BATCH_FEATURES:
                raise ValueError(f"{self.feature} needs a window: window_s")
            if self.hop_s is not None:
                raise ValueError("hop_s without window_s")
        if self.feature in RATIOS:
            if self.unit:
                raise ValueError(f"{self.feature} is a ratio and has no unit")
        elif not self.unit:
            raise ValueError(f"the unit of the limits of {self.feature} is not declared")
        if self.feature == "velocity_rms":
            try:
                velocity = unit(self.unit).kind == "velocity"
            except UnitError as error:
                raise ValueError(str(error)) from error
            if not velocity:
                raise ValueError("velocity_rms is in a unit of velocity, as mm/s")
        return self

    @property
    def hop(self) -> float:
        """Seconds from one window to the next."""
        return self.hop_s or self.window_s or 0.0


class Threshold(_OfFeature):
    """A feature beyond limits."""

    kind: Literal["threshold"]
    levels: Levels


class RateOfChange(_OfFeature):
    """How much a feature has changed within over_s, against limits in the feature's unit (low ones are negative)."""

    kind: Literal["rate_of_change"]
    over_s: Annotated[float, Field(ge=0.1, le=604_800)]
    levels: Levels


class OperatingStates(_Model):
    """Which state a machine is in: how many of these bounds a feature of the same window has reached."""

    feature: Literal["rms", "peak", "peak_to_peak", "mean"] = "rms"
    unit: str
    bounds: Annotated[list[Finite], Field(min_length=1, max_length=9)]

    @model_validator(mode="after")
    def _rising(self) -> "OperatingStates":
        if any(not a < b for a, b in itertools.pairwise(self.bounds)):
            raise ValueError("bounds rise")
        return self


class Deviation(_OfFeature):
    """Standard deviations from what was learnt of this sensor in this operating state; limits in those."""

    kind: Literal["deviation"]
    learn_s: Annotated[float, Field(ge=1, le=31_536_000)] = (
        86_400.0  # of measurements, in each operating state
    )
    learn_values: Annotated[int, Field(ge=10, le=10_000_000)] = 100  # at least
    operating_states: OperatingStates | None = None
    levels: Levels

    @model_validator(mode="after")
    def _windowed(self) -> "Deviation":
        if self.operating_states is not None and self.window_s is None:
            raise ValueError("operating_states need a window: window_s")
        return self


class ZoneLevel(_Model):
    """Of zone C or D: the deadband is a share of the boundary."""

    severity: Severity
    deadband: Annotated[float, Field(ge=0, lt=1)] = 0.1


class Zone(_OfChannel):
    """The zone of ISO 20816 by velocity RMS; the limits are the target's."""

    kind: Literal["zone"]
    window_s: Annotated[float, Field(ge=0.4, le=60)] = 1.0
    hop_s: Annotated[float, Field(ge=0.1, le=3600)] = 1.0
    c: ZoneLevel | None = ZoneLevel(severity=500)
    d: ZoneLevel | None = ZoneLevel(severity=800)

    @model_validator(mode="after")
    def _some(self) -> "Zone":
        if self.c is None and self.d is None:
            raise ValueError("at least one of c and d")
        return self


class Bearing(_OfChannel):
    """A damaged element of the target's bearing, by the envelope spectrum."""

    kind: Literal["bearing"]
    window_s: Annotated[float, Field(ge=0.5, le=300)] = 10.0
    hop_s: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    confirmations: Annotated[int, Field(ge=1, le=100)] = 2  # windows with the same verdict, one after another
    severity: Severity = 600


class Deadman(_Common):
    """No measurements for `factor` times the expected interval; not while ASLEEP."""

    kind: Literal["deadman"]
    factor: Annotated[float, Field(ge=1.5, le=1000)] = 5.0
    interval_s: Annotated[float, Field(gt=0, le=86_400)] | None = None  # None: the length of its batches
    least_s: Seconds = 5.0  # never sooner than this
    severity: Severity = 700


class Loss(_Common):
    """Batches that are missing in the sensor's session."""

    kind: Literal["loss"]
    levels: Levels = Levels(high=Level(limit=1, severity=300))


class Geofence(_Common):
    """Outside of a circle, or of a polygon of (latitude, longitude); or inside."""

    kind: Literal["geofence"]
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    radius_m: Annotated[float, Field(gt=0, le=20_000_000)] | None = None
    polygon: (
        Annotated[
            list[tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]]],
            Field(min_length=3, max_length=1000),
        ]
        | None
    ) = None
    when: Literal["outside", "inside"] = "outside"
    deadband_m: Annotated[float, Field(ge=0, le=100_000)] = 20.0
    severity: Severity = 600

    @model_validator(mode="after")
    def _one_shape(self) -> "Geofence":
        circle = (self.latitude, self.longitude, self.radius_m)
        whole, none = all(value is not None for value in circle), all(value is None for value in circle)
        if not (whole or none) or whole == (self.polygon is not None):
            raise ValueError("a circle (latitude, longitude, radius_m), or a polygon")
        return self


class LowBattery(_Common):
    """The battery's charge in percent."""

    kind: Literal["low_battery"]
    levels: Levels = Levels(
        low=Level(limit=20, deadband=5, severity=200), low_low=Level(limit=5, deadband=5, severity=500)
    )


Rule = Annotated[
    Threshold | RateOfChange | Deviation | Zone | Bearing | Deadman | Loss | Geofence | LowBattery,
    Field(discriminator="kind"),
]
_ADAPTER: Final[TypeAdapter[Any]] = TypeAdapter(Rule)
KINDS: Final = (
    "threshold", "rate_of_change", "deviation", "zone", "bearing", "deadman", "loss", "geofence", "low_battery",
)  # fmt: skip
AnyRule = Threshold | RateOfChange | Deviation | Zone | Bearing | Deadman | Loss | Geofence | LowBattery


class StoredRule(NamedTuple):
    """A rule as the database has it."""

    id: int
    name: str
    version: int
    rule: AnyRule


def parse(definition: Mapping[str, Any]) -> AnyRule:
    """A definition (without name and enabled) as a rule. RuleError with a line for each mistake."""
    try:
        rule: AnyRule = _ADAPTER.validate_python(dict(definition))
    except ValidationError as error:
        raise RuleError("\n".join(_line(one) for one in error.errors())) from error
    return rule


def to_json(rule: AnyRule) -> dict[str, Any]:
    """As the database and YAML files have it: what is not the default."""
    made: dict[str, Any] = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"kind": rule.kind, **made}


def _line(problem: Any) -> str:
    # the first part of the place is the kind, which the discriminator has put there
    place = ".".join(str(part) for part in problem["loc"] if part not in KINDS)
    text = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {text}" if place else text
