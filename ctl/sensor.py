"""`iotctl sensor SERIAL`: all that is known of one sensor."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ctl import commands
from ctl.context import Operator, object_option, pass_operator, query
from ctl.output import Column, age, frequency, number, print_object, print_rows, seconds, state, when
from ctl.select import one_sensor, serial_argument
from wire.sensor_pb2 import LogLevel

_LAST_COMMANDS = _LAST_LOGS = _LAST_SESSIONS = 5


def _value(value: float | None) -> str:
    return "–" if value is None else f"{value:.5g}"


CHANNELS = (
    Column("channel", "CHANNEL", right=True),
    Column("name", "NAME"),
    Column("quantity", "QUANTITY"),
    Column("last_value", "LAST", _value, right=True),
    Column("mean", "MEAN", _value, right=True),
    Column("rms", "RMS", _value, right=True),
    Column("minimum", "MINIMUM", _value, right=True),
    Column("maximum", "MAXIMUM", _value, right=True),
    Column("unit", "UNIT", priority=1),
    Column("time", "BATCH FROM", age, right=True),
)
SESSIONS = (
    Column("session", "SESSION", right=True),
    Column("first_time", "FROM", when),
    Column("last_time", "TO", when),
    Column("batch_count", "BATCHES", number, right=True),
    Column("missing", "MISSING", number, right=True),
)
COMMANDS = tuple(
    column
    for column in commands.COLUMNS
    if column.key in ("issued_at", "name", "parameters", "issuer", "status", "took", "reason")
)
LOGS = (
    Column("time", "TIME", when),
    Column("level", "LEVEL"),
    Column("logger", "LOGGER"),
    Column("message", "MESSAGE", text=True),
)


@click.command()
@serial_argument
@object_option
@pass_operator
def sensor(operator: Operator, /, serial: str, form: Literal["auto", "json"]) -> None:
    """Show all that is known of one sensor: who it is, its last values, rates, losses, commands and log lines.

    \b
    iotctl sensor pump-0002
    iotctl sensor pump-0002 --output json | jq .channels
    """
    one_sensor(operator, serial)  # a mistyped one is refused with what may have been meant
    known = _look_up(operator, serial)
    if form == "json":
        print_object(known, console=operator.out)
        return
    operator.out.print(_facts(known))
    sections: tuple[tuple[str, Sequence[dict[str, Any]], Sequence[Column]], ...] = (
        ("Channels", known["channels"], CHANNELS),
        ("Sessions", known["sessions"], SESSIONS),
        ("Commands", known["commands"], COMMANDS),
        ("Log", known["logs"], LOGS),
    )
    for title, rows, columns in sections:
        if rows:
            operator.out.print(Padding(Text(title, style="bold"), (1, 0, 0, 0)))
            print_rows(rows, columns, "auto", console=operator.out, remedy="a wider terminal")


def _look_up(operator: Operator, serial: str) -> dict[str, Any]:
    with operator.database() as database:

        def rows(of: str, **parameters: Any) -> list[dict[str, Any]]:
            return list(database.execute(query(of), {"serial_number": serial, **parameters}).fetchall())

        [facts] = rows("sensor")
        newest: datetime | None = facts["last_measured_at"]
        since = newest - timedelta(hours=1) if newest else facts["created_at"]
        audit = dict.fromkeys(("id", "status", "name", "issuer", "since"))
        said = rows("commands", **audit, limit=_LAST_COMMANDS)
        return {
            **facts,
            "channels": rows("sensor_channels", since=since),
            "sessions": rows("sensor_sessions", limit=_LAST_SESSIONS),
            "commands": [{**row, "took": commands.took(row)} for row in said],
            "logs": [
                {**row, "level": LogLevel.Name(row["level"]).removeprefix("LOG_LEVEL_")}
                for row in rows("sensor_logs", limit=_LAST_LOGS)
            ],
        }


def _facts(known: dict[str, Any]) -> Table:
    def unit(text: str) -> Callable[[Any], str]:
        return lambda value: f"{value:,} {text}"

    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim")
    grid.add_column()
    grid.add_column(style="dim")
    grid.add_column()
    facts: list[tuple[str, str | Text]] = [
        ("sensor", Text(known["serial_number"], style="bold")),
        ("state", Text.assemble(state(known["state"] or "unknown"), f"  {age(known['status_at'])}")),
        ("type", known["sensor_type"] or "– (its birth is not known)"),
        ("target", known["target"] or "–"),
        ("hardware", known["hardware"] or "–"),
        ("firmware", known["firmware_version"] or "–"),
        ("sample frequency", frequency(known["sample_frequency_hz"])),
        ("maximum", frequency(known["maximum_sample_frequency_hz"])),
        ("last sample", age(known["last_measured_at"])),
        ("latency", seconds(known["latency"])),
        ("batches", f"{number(known['batch_count'])}, {known['batches_per_s']:.3g}/s"),
        ("samples", f"{number(known['sample_count'])}, {known['samples_per_s']:,.0f}/s in all channels"),
        ("missing", Text(number(known["missing"]), style="red" if known["missing"] else "green")),
        ("buffered", number(known["buffered_batches"])),
        ("uptime", seconds(known["uptime_ms"] / 1000 if known["uptime_ms"] is not None else None)),
        ("first seen", when(known["created_at"])),
    ]
    optional = (
        ("free memory", "free_memory_bytes", unit("bytes")),
        ("RSSI", "rssi_dbm", unit("dBm")),
        ("battery", "battery_percent", lambda value: f"{value:.0f} %"),
    )
    facts += [(label, show(known[key])) for label, key, show in optional if known[key] is not None]
    if known["latitude"] is not None:
        facts.append(
            ("position", f"{known['latitude']:.5f}°, {known['longitude']:.5f}°  {age(known['position_at'])}")
        )
    for left, right in zip(facts[::2], [*facts[1::2], ("", "")], strict=False):
        grid.add_row(*left, *right)
    return grid
