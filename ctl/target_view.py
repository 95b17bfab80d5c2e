"""How targets look: as a list, as one with its bearing's fault frequencies, as what an import did. Pure."""

from collections.abc import Callable

from psycopg.rows import DictRow
from rich.table import Table
from rich.text import Text

from ctl.output import Column, number, when
from vibration import bearing


def _with_unit(unit: str) -> Callable[[float | None], str]:
    return lambda value: "–" if value is None else f"{value:g} {unit}"


def _degrees(value: float | None) -> str:
    return "–" if value is None else f"{value:.5f}°"


COLUMNS = (
    Column("name", "TARGET"),
    Column("sensors", "SENSORS", number, right=True),
    Column("machine_group", "GROUP", right=True),
    Column("support", "SUPPORT"),
    Column("rated_power_kw", "POWER", _with_unit("kW"), right=True),
    Column("speed_rpm", "SPEED", _with_unit("rpm"), right=True),
    Column("bearing", "BEARING", bearing.describe, priority=-1),
    Column("description", "DESCRIPTION", text=True),
    Column("shaft_height_mm", "SHAFT HEIGHT", _with_unit("mm"), right=True, wide=True),
    Column("latitude", "LATITUDE", _degrees, right=True, wide=True),
    Column("longitude", "LONGITUDE", _degrees, right=True, wide=True),
)
ASSIGNMENTS = (
    Column("serial_number", "SENSOR"),
    Column("sensor_type", "TYPE"),
    Column("state", "STATE"),
    Column("assigned_at", "SINCE", when),
)
HISTORY = (
    Column("serial_number", "SENSOR"),
    Column("assigned_at", "FROM", when),
    Column("removed_at", "TO", when),
)
CHANGES = (
    Column("name", "TARGET"),
    Column("done", "DONE"),
    Column("fields", "FIELDS", lambda value: ", ".join(value) or "–", text=True),
    Column(
        "moved",
        "SENSORS PUT ON IT",
        lambda value: ", ".join(moved["serial_number"] for moved in value) or "–",
        text=True,
    ),
)


def facts(target: DictRow, multiples: bearing.Frequencies | None, hertz: bearing.Frequencies | None) -> Table:
    """One target's fields; frequencies in multiples of the shaft's, and in Hz where its speed is known."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim")
    grid.add_column()
    grid.add_row("target", Text(target["name"], style="bold"))
    if target["description"]:
        grid.add_row("description", Text(target["description"]))
    grid.add_row(
        "group", "–" if target["machine_group"] is None else f"{target['machine_group']} of ISO 20816-3"
    )
    grid.add_row("support", target["support"] or "–")
    grid.add_row("power", _with_unit("kW")(target["rated_power_kw"]))
    speed = target["speed_rpm"]
    grid.add_row("speed", "–" if speed is None else f"{speed:g} rpm, {speed / 60:.4g} Hz")
    grid.add_row("shaft height", _with_unit("mm")(target["shaft_height_mm"]))
    if target["latitude"] is not None or target["longitude"] is not None:
        grid.add_row("place", f"{_degrees(target['latitude'])}, {_degrees(target['longitude'])}")
    kept = target["bearing"] or {}
    if "geometry" in kept and multiples is not None:
        n, d, pitch, angle = bearing.check_geometry(kept["geometry"])
        grid.add_row("bearing", f"{n} rolling elements, d {d:g}, D {pitch:g}, contact angle {angle:g}°")
    if multiples is None:
        grid.add_row("fault frequencies", "– (no bearing)" if not kept else "– (its bearing cannot be read)")
        return grid
    for label, name in (
        ("outer race", "bpfo"),
        ("inner race", "bpfi"),
        ("rolling element", "bsf"),
        ("cage", "ftf"),
    ):
        multiple = f"{getattr(multiples, name):.4f} × shaft"
        at_speed = f"{getattr(hertz, name):8.2f} Hz" if hertz is not None else "speed unknown"
        grid.add_row(f"{name.upper()} {label}", f"{at_speed}   {multiple}")
    return grid
