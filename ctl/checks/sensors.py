"""The fleet as the database knows it: who is awake, silent, losing, behind; whose clock is off."""

from collections import Counter
from collections.abc import Sequence

from psycopg.rows import DictRow

from ctl.checks.database import connected
from ctl.checks.finding import Say, Teller, counted
from ctl.context import query
from ctl.durations import show_duration
from ctl.settings import CtlSettings

_SHOWN = 5
_CLOCK_S = 5.0
_BUFFERED_S = 60.0


def check(settings: CtlSettings, say: Say) -> None:
    """See above. psycopg's errors where the database is away."""
    tell = Teller("sensors", say)
    with connected(settings) as database:
        sensors = database.execute(query("doctor_sensors")).fetchall()
        judge(tell, sensors, database.execute(query("doctor_clocks"), {"seconds": _CLOCK_S}).fetchall())


def judge(tell: Teller, sensors: Sequence[DictRow], clocks: Sequence[DictRow]) -> None:
    """Say what rows of doctor_sensors.sql and doctor_clocks.sql mean."""
    if not sensors:
        tell.ok("states", "no sensor has connected yet: iotctl provision gives one its credentials")
        return
    counts = Counter(row["state"] for row in sensors)
    states = ", ".join(
        f"{counts[state]:,} {state}" for state in ("AWAKE", "ASLEEP", "OFFLINE", "UNKNOWN") if counts[state]
    )
    tell.ok("states", f"{counted(len(sensors), 'sensor')}: {states}")
    silent = [row["serial_number"] for row in sensors if row["silent"]]
    if silent:
        tell.problem(
            "silent",
            f"{len(silent):,} say that they are AWAKE and nothing comes of them: {named(silent)}",
            "iotctl logs SERIAL shows what they say; is the way up (bridge, ingest) checked above?",
        )
    losing = [row for row in sensors if row["missing"] > 0]
    if losing:
        batches = sum(row["missing"] for row in losing)
        worst = sorted(losing, key=lambda row: -row["missing"])
        tell.warning(
            "missing",
            f"{counted(batches, 'batch')} of {counted(len(losing), 'sensor')} missing: {named([row['serial_number'] for row in worst])}",
            "iotctl resend SERIAL brings back what the sensor still has",
        )
    else:
        tell.ok("missing", "no batch is missing")
    full = [row for row in sensors if row["state"] != "OFFLINE" and row["buffered_s"] > _BUFFERED_S]
    if full:
        longest = max(row["buffered_s"] for row in full)
        tell.warning(
            "buffers",
            f"{len(full):,} hold up to {show_duration(float(longest))} of batches that the broker has not taken: "
            f"{named([row['serial_number'] for row in full])}",
            "their network is too slow, or the bridge is: once a buffer is full, its oldest batches are lost",
        )
    if clocks:
        row = clocks[0]
        apart = row["ahead"].total_seconds()
        tell.warning(
            "clocks",
            f"{len(clocks):,} have a clock that is off; {row['serial_number']}'s is "
            f"{show_duration(abs(apart))} {'ahead' if apart > 0 else 'behind'}: {named([one['serial_number'] for one in clocks])}",
            "do they reach their time server? A message that was under way for long looks like a clock that is behind",
        )
    else:
        tell.ok("clocks", f"all are within {_CLOCK_S:g} s")


def named(serials: Sequence[str]) -> str:
    """The first few."""
    return ", ".join(serials[:_SHOWN]) + (" …" if len(serials) > _SHOWN else "")
