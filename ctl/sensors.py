"""`iotctl sensors`: the fleet, one line each."""

from typing import Any

import click
from psycopg.rows import DictRow

from ctl.context import Operator, output_option, pass_operator, query
from ctl.output import Column, Form, age, frequency, number, print_rows, seconds, when
from ctl.select import Selection, check_filters, filter_options, filtered

COLUMNS = (
    Column("serial_number", "SENSOR"),
    Column("sensor_type", "TYPE"),
    Column("state", "STATE", priority=2),
    Column("sample_frequency_hz", "FREQUENCY", frequency, right=True, priority=1),
    Column("target", "TARGET"),
    Column("batch_count", "BATCHES", number, right=True, priority=-1),
    Column("missing", "MISSING", number, right=True, priority=1),
    Column("last_measured_at", "LAST SAMPLE", age, right=True, priority=1),
    Column("latency", "LATENCY", seconds, right=True),
    Column("hardware", "HARDWARE", wide=True),
    Column("firmware_version", "FIRMWARE", wide=True),
    Column("maximum_sample_frequency_hz", "MAXIMUM", frequency, right=True, wide=True),
    Column("sessions", "SESSIONS", number, right=True, wide=True),
    Column("buffered_batches", "BUFFERED", number, right=True, wide=True),
    Column("rssi_dbm", "RSSI", lambda value: "–" if value is None else f"{value} dBm", right=True, wide=True),
    Column(
        "battery_percent",
        "BATTERY",
        lambda value: "–" if value is None else f"{value:.0f} %",
        right=True,
        wide=True,
    ),
    Column("status_at", "STATUS AT", when, wide=True),
    Column(
        "latitude", "LATITUDE", lambda value: "–" if value is None else f"{value:.5f}", right=True, wide=True
    ),
    Column(
        "longitude",
        "LONGITUDE",
        lambda value: "–" if value is None else f"{value:.5f}",
        right=True,
        wide=True,
    ),
)
SORTS = {
    "serial": "serial_number",
    "type": "sensor_type",
    "state": "state",
    "frequency": "sample_frequency_hz",
    "target": "target",
    "batches": "batch_count",
    "missing": "missing",
    "last": "last_measured_at",
    "latency": "latency",
}


def in_order(rows: list[DictRow], sort: str, reverse: bool) -> list[DictRow]:
    """By that column; those without a value come last either way."""
    key = SORTS[sort]
    known = [row for row in rows if row[key] is not None]
    unknown = [row for row in rows if row[key] is None]
    return sorted(known, key=lambda row: row[key], reverse=reverse) + unknown


@click.command()
@filter_options
@click.option("--losing", is_flag=True, help="Only sensors with missing batches.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="serial", show_default=True, help="By what.")
@click.option("--reverse", is_flag=True, help="Largest first.")
@output_option
@pass_operator
def sensors(
    operator: Operator, /, form: Form, losing: bool, sort: str, reverse: bool, **filters: Any
) -> None:
    """List sensors: state, sample frequency, what has come of them and what is missing.

    LATENCY is from the last sample to the commit that holds it. MISSING counts batches that the database knows
    to exist and does not have: `iotctl resend` asks for them.

    \b
    iotctl sensors                                   all
    iotctl sensors --type vibration --state AWAKE    some
    iotctl sensors --losing --sort missing --reverse
    iotctl sensors --output wide
    iotctl sensors --output json | jq -r '.[] | select(.missing > 0) | .serial_number'
    """
    selection = Selection(**filters)
    with operator.database() as database:
        known = database.execute(query("sensors")).fetchall()
        check_filters(database, known, selection)
    rows = filtered(known, selection)
    if losing:
        rows = [row for row in rows if row["missing"]]
    print_rows(in_order(rows, sort, reverse), COLUMNS, form, console=operator.out, empty="no sensors")
