"""What the demo's sensors sit on, and the rules that they are judged by: so that there is something to be found."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from emulator.fleet_plan import Fleet, speeds_rpm
from emulator.signals import SKF_6205

_SQL: Final = Path(__file__).parent / "sql"
_BEARING: Final = {
    "geometry": {
        "rolling_elements": SKF_6205.rolling_elements,
        "element_diameter": SKF_6205.element_diameter,
        "pitch_diameter": SKF_6205.pitch_diameter,
    }
}
# Towns by the sea with pumps to keep it out: latitude, longitude.
_TOWNS: Final = ((53.55, 9.99), (52.37, 4.90), (55.68, 12.57), (54.35, 18.65), (51.22, 4.40), (57.71, 11.97))
_APART_DEGREES: Final = 0.004
# The emulated pumps' bearings are diagnosed sooner than a plant would want to know.
RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Damaged bearing": {
        "kind": "bearing",
        "for": {"type": "vibration"},
        "window_s": 10,
        "hop_s": 20,
        "confirmations": 2,
        "severity": 600,
        "actions": [{"do": "publish"}],
        "trigger": {"action": "stop", "acknowledge_within_s": 60},
    },
    "Silent": {"kind": "deadman", "for": {"all": True}, "factor": 10, "least_s": 10},
    "Missing batches": {"kind": "loss", "for": {"all": True}},
}


def prepare(conninfo: Mapping[str, str | int], fleet: Fleet, serials: Sequence[str]) -> None:
    """Machines and rules in the database, as its owner; what is there already stays. psycopg.Error."""
    with psycopg.connect(**conninfo) as database:  # type: ignore[arg-type]  # keywords of one mapping
        database.execute((_SQL / "demo_sensors.sql").read_bytes(), {"serials": list(serials)})
        cursor = database.cursor()
        cursor.executemany(
            (_SQL / "demo_machine.sql").read_bytes(),
            [
                {
                    "name": serial.replace("-", " ").capitalize(),
                    "serial": serial,
                    "speed_rpm": speed_rpm,
                    "bearing": json.dumps(_BEARING),
                    **_position(number),
                }
                for number, (serial, speed_rpm) in enumerate(speeds_rpm(fleet).items())
            ],
        )
        cursor.executemany(
            (_SQL / "demo_rule.sql").read_bytes(),
            [{"name": name, "definition": json.dumps(rule)} for name, rule in RULES.items()],
        )


def _position(number: int) -> dict[str, float]:
    """One town after the other; in each, pumps lie around its middle."""
    (latitude, longitude), nth = _TOWNS[number % len(_TOWNS)], number // len(_TOWNS)
    angle, away = 2.4 * nth, _APART_DEGREES * math.sqrt(nth)  # a sunflower's spiral: none covers another
    return {"latitude": latitude + away * math.sin(angle), "longitude": longitude + away * math.cos(angle)}
