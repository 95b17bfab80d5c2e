"""`iotctl resend`: batches again that the sensor still holds and the database does not have."""

from collections.abc import Iterator, Sequence
from typing import Any

import click
from psycopg.rows import DictRow

from ctl.carry_out import carry_out, chosen_sensors, command_options, confirm
from ctl.context import Operator, query
from ctl.errors import USAGE, CtlError
from ctl.order import order
from ctl.outcome import print_outcome
from wire.names import CommandLevel

_MOST_RANGES = 20  # of missing sequences, a sensor; beyond that everything between them is asked for


@click.command()
@click.option("--session", type=int, help="Of which session [default: the present one].")
@click.option("--first", type=int, help="First sequence.")
@click.option("--last", type=int, help="Last sequence, inclusive [default: as --first].")
@command_options
def resend(
    operator: Operator, session: int | None, first: int | None, last: int | None, **chosen: Any
) -> None:
    """Publish batches again that are missing in the database; what is there already is not written twice.

    Without --first, whatever is missing and still in the sensor's ring buffer is asked for.

    \b
    iotctl resend pump-0002
    iotctl resend --all
    iotctl resend pump-0002 --first 1200 --last 1260
    """
    sensors, options = chosen_sensors(operator, chosen)
    if first is None:
        if session is not None or last is not None:
            raise CtlError("--session and --last need --first", USAGE)
        ranges = list(_missing(operator, sensors))
        if not ranges:
            click.echo("nothing is missing that a sensor could send again", err=True)
            print_outcome([], options.form, console=operator.out)
            return
    else:
        ranges = [(sensor, _range(sensor, session, first, last)) for sensor in sensors]
    orders = [order(sensor, CommandLevel.RESEND, one, expires_s=options.expires) for sensor, one in ranges]
    confirm(operator, CommandLevel.RESEND, len(sensors), options)
    carry_out(operator, orders, options)


def _range(sensor: DictRow, session: int | None, first: int, last: int | None) -> dict[str, int]:
    of = sensor["session"] if session is None else session
    if of is None:
        raise CtlError(f"{sensor['serial_number']} has not said its session: --session", USAGE)
    return {"session": of, "first_sequence": first, "last_sequence": first if last is None else last}


def _missing(operator: Operator, sensors: Sequence[DictRow]) -> Iterator[tuple[DictRow, dict[str, int]]]:
    """Each sensor with each range that is missing of it."""
    with operator.database() as database:
        for sensor in sensors:
            if not sensor["missing"]:
                continue
            parameters = {"serial_number": sensor["serial_number"]}
            found = [dict(row) for row in database.execute(query("missing_ranges"), parameters).fetchall()]
            if len(found) > _MOST_RANGES:
                found = [{**found[0], "last_sequence": found[-1]["last_sequence"]}]
            for one in found:
                yield sensor, one
