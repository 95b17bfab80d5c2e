"""Options that make a rule's definition: those that are needed often, and --field for everything else. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import click
import yaml

from alarms.rules import BATCH_FEATURES, HIGH_LEVELS, KINDS, LOW_LEVELS, RATIOS
from ctl.durations import DURATION
from ctl.select import complete_serial, complete_target

F = TypeVar("F", bound=Callable[..., Any])
FEATURES = (*BATCH_FEATURES, "peak", "peak_to_peak", *RATIOS, "velocity_rms")
_DEFAULT: Final = object()  # --field NAME=
LEVELS = (*HIGH_LEVELS, *reversed(LOW_LEVELS))


class _Level(click.ParamType[dict[str, Any]]):
    """LIMIT:SEVERITY[:DEADBAND]."""

    name = "level"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """As a definition has it; ranges are checked with the whole rule."""
        if isinstance(value, dict):
            return value
        parts = str(value).split(":")
        try:
            limit, severity = float(parts[0]), int(parts[1])
            made: dict[str, Any] = {"limit": limit, "severity": severity}
            if len(parts) == 3:
                made["deadband"] = float(parts[2])
            elif len(parts) != 2:
                raise ValueError
        except (ValueError, IndexError):
            self.fail(
                f"{value!r}: write LIMIT:SEVERITY or LIMIT:SEVERITY:DEADBAND, as 4.5:500:0.5", param, ctx
            )
        return made


class _Field(click.ParamType[tuple[str, Any]]):
    """NAME=VALUE; the value is YAML, names of what lies in each other have dots."""

    name = "field"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        """Name and value."""
        if isinstance(value, tuple):
            return value[0], value[1]
        name, equals, text = str(value).partition("=")
        if not name or not equals:
            self.fail(f"{value!r}: write NAME=VALUE, as realarm_s=3600", param, ctx)
        try:
            return name, yaml.safe_load(text) if text.strip() else _DEFAULT
        except (yaml.YAMLError, ValueError) as error:
            self.fail(f"{name}: the value is no YAML: {str(error).splitlines()[0]}", param, ctx)


_SCOPES = ("for_sensor", "for_target", "for_type")
_SECONDS = {
    "window": "window_s", "hop": "hop_s", "over": "over_s", "on_delay": "on_delay_s", "off_delay": "off_delay_s",
    "realarm": "realarm_s",
}  # fmt: skip
_PLAIN = ("kind", "channel", "feature", "unit", "severity", "description")


def definition_options(command: F) -> F:
    """The options; `definition` takes them."""
    level = _Level()
    options = [
        click.option("--kind", type=click.Choice(KINDS), help="What it judges."),
        click.option("--for-sensor", metavar="SERIAL", shell_complete=complete_serial, help="For this sensor."),
        click.option("--for-target", metavar="NAME", shell_complete=complete_target, help="For a machine's sensors."),
        click.option("--for-type", metavar="TYPE", help="For sensors of this type."),
        click.option("--for-all", is_flag=True, help="For every sensor."),
        click.option("--channel", metavar="NAME", help="Of this channel [default: each whose unit fits]."),
        click.option("--feature", type=click.Choice(FEATURES), help="What is compared."),
        click.option("--unit", metavar="UNIT", help="The unit of the limits: g, mm/s, °C … (ratios have none)."),
        click.option("--window", type=DURATION, metavar="DURATION", help="Over windows so long [default: each batch]."),
        click.option("--hop", type=DURATION, metavar="DURATION", help="From one window to the next."),
        click.option("--over", type=DURATION, metavar="DURATION", help="Within which it changes (rate_of_change)."),
        *(
            click.option(
                f"--{name.replace('_', '-')}", name, type=level, metavar="LIMIT:SEVERITY[:DEADBAND]",
                help=f"The level {name}.",
            )
            for name in LEVELS
        ),
        click.option("--severity", type=click.IntRange(1, 1000), help="Of kinds that have one (bearing, deadman …)."),
        click.option("--on-delay", type=DURATION, metavar="DURATION", help="It has to last so long."),
        click.option("--off-delay", type=DURATION, metavar="DURATION", help="It has to be over for so long."),
        click.option("--realarm", type=DURATION, metavar="DURATION", help="Acknowledged, active after so long: again."),
        click.option("--description", metavar="TEXT", help="For people."),
        click.option(
            "--field", "fields", type=_Field(), multiple=True, metavar="NAME=VALUE",
            help="Any other field, as files have it, the value in YAML: learn_s=3600, 'actions=[{do: publish}]', "
            "levels.high.deadband=0.5; null: none; without a value: its default.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def definition(given: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What the options make of the definition that was before; equal to it where none was given. UsageError for two
    scopes. Takes the options out of `given`.
    """
    made: dict[str, Any] = dict(before)
    scopes: dict[str, Any] = {name[4:]: value for name in _SCOPES if (value := given.pop(name)) is not None}
    if given.pop("for_all"):
        scopes["all"] = True
    if len(scopes) > 1:
        raise click.UsageError(f"{' and '.join(f'--for-{name}' for name in scopes)}: one of them")
    if scopes:
        made["for"] = scopes
    levels = {name: value for name in LEVELS if (value := given.pop(name)) is not None}
    if levels:
        made["levels"] = {**made.get("levels", {}), **levels}
    for option, field in (*_SECONDS.items(), *((name, name) for name in _PLAIN)):
        value = given.pop(option)
        if value is not None:
            made[field] = value
    for name, value in given.pop("fields"):
        _put(made, name.split("."), value)
    return made


def _put(made: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        inner = made.get(part)
        made[part] = dict(inner) if isinstance(inner, dict) else {}
        made = made[part]
    if value is _DEFAULT:
        made.pop(path[-1], None)
    else:
        made[path[-1]] = value
