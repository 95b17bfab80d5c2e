"""`iotctl dead`: what could not be processed: look at it, process it again, or forget it."""

import asyncio
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click
from rich.table import Table
from rich.text import Text

from ctl import dead_handle, dead_show, dead_stream
from ctl.context import Operator, object_option, output_option, pass_operator
from ctl.dead_handle import filters, opened, scanned, verdict, wanted_by
from ctl.dead_stream import Letter
from ctl.errors import USAGE, CtlError
from ctl.output import Column, Form, number, print_object, print_rows, printable, when
from ctl.select import check_serial

_DUMPED = 512  # bytes of a payload that `show` dumps

COLUMNS = (
    Column("offset", "OFFSET", right=True),
    Column("time", "TIME", when, priority=1),
    Column("reason", "REASON", priority=2),
    Column("serial_number", "SENSOR", priority=2),
    Column("kind", "KIND"),
    Column("bytes", "BYTES", number, right=True, priority=-1),
    Column("handled", "HANDLED"),
    Column("detail", "DETAIL", text=True),
    Column("origin", "ORIGIN", wide=True),
    Column("handled_at", "HANDLED AT", when, wide=True),
    Column("handled_by", "HANDLED BY", wide=True),
)


@click.group()
def dead() -> None:
    """Dead letters: messages that could not be processed, kept with the reason and their original bytes.

    They never block what comes behind them. A letter stays in its stream until that outgrows its age or size; what was
    replayed or dropped is marked, and not listed any more.

    \b
    iotctl dead list --since 1d
    iotctl dead show 17
    iotctl dead replay 17
    iotctl dead drop --reason malformed
    """


@dead.command(name="list")
@filters
@click.option("--handled", is_flag=True, help="Also those that were replayed or dropped.")
@click.option("-n", "limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most.")
@output_option
@pass_operator
def list_command(
    operator: Operator,
    reason: str | None,
    sensor: str | None,
    since: datetime | None,
    handled: bool,
    limit: int,
    form: Form,
) -> None:
    """List dead letters, the newest first.

    OFFSET is where a letter stands in its stream; show, replay and drop take it.

    \b
    iotctl dead list
    iotctl dead list --reason bad_time --since 1h
    iotctl dead list --output json | jq 'group_by(.reason) | map({reason: .[0].reason, count: length})'
    """
    wanted = wanted_by(reason, sensor, since)._replace(handled=True)
    newest: deque[dict[str, Any]] = deque(maxlen=limit)
    count = 0

    async def read() -> None:
        nonlocal count
        found = False
        async with opened(operator) as (stream, database):
            async for letter in scanned(operator, stream, database, wanted):
                found = True
                if handled or letter.handled is None:
                    newest.append(_row(letter))
                    count += 1
            if sensor is not None and not found:  # who is known by its letters alone never connected well
                check_serial(database, sensor)

    asyncio.run(read())
    print_rows(reversed(newest), COLUMNS, form, console=operator.out, empty="no dead letters")
    if count > limit:
        click.echo(f"{count - limit:,} older ones are not shown: -n {count}", err=True)


@dead.command()
@click.argument("offset", type=click.IntRange(0, 2**63 - 1))
@click.option("--full", is_flag=True, help=f"Dump all of the payload, not its first {_DUMPED} bytes.")
@click.option(
    "--payload", type=click.Path(path_type=Path, dir_okay=False), help="Write the payload to this file."
)
@object_option
@pass_operator
def show(
    operator: Operator, offset: int, full: bool, payload: Path | None, form: Literal["auto", "json"]
) -> None:
    """Show a dead letter: why, where it came from, what it holds, and whether this version would take it.

    \b
    iotctl dead show 17
    iotctl dead show 17 --payload letter.bin
    iotctl dead show 17 --output json | jq -r .payload
    """

    async def read() -> Letter:
        async with opened(operator) as (stream, database):
            return (await dead_stream.at(stream, database, [offset]))[0]

    letter = asyncio.run(read())
    if payload is not None:
        try:
            payload.write_bytes(letter.payload)
        except OSError as error:
            raise CtlError(f"cannot write {payload}: {error.strerror}", USAGE) from error
        click.echo(f"{payload}: {len(letter.payload):,} bytes", err=True)
    content = dead_show.as_protobuf(letter.payload, letter.kind)
    if form == "json":
        print_object(
            {**_row(letter), "verdict": verdict(letter), "content": content, "payload": letter.payload},
            console=operator.out,
        )
        return
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in (
        ("offset", str(letter.offset)),
        ("given up", when(letter.time)),
        ("reason", letter.reason),
        ("detail", letter.detail),
        ("origin", letter.origin),
        ("sensor", letter.serial_number or "not known"),
        ("kind", letter.kind_name),
        ("size", f"{len(letter.payload):,} bytes"),
        (
            "handled",
            f"{letter.handled.action} {when(letter.handled.at)} by {letter.handled.by}"
            if letter.handled
            else "–",
        ),
        ("now", verdict(letter)),
    ):
        grid.add_row(label, Text(printable(value)))
    operator.out.print(grid)
    click.echo(f"\n{content or '# protobuf makes nothing of it'}\n")
    click.echo(dead_show.hex_dump(letter.payload, len(letter.payload) if full else _DUMPED))


def _row(letter: Letter) -> dict[str, Any]:
    """As lists and JSON show it, without the payload."""
    return {
        "offset": letter.offset,
        "time": letter.time,
        "reason": letter.reason,
        "serial_number": letter.serial_number or None,
        "kind": letter.kind_name,
        "bytes": len(letter.payload),
        "handled": letter.handled and letter.handled.action,
        "detail": letter.detail,
        "origin": letter.origin,
        "handled_at": letter.handled and letter.handled.at,
        "handled_by": letter.handled and letter.handled.by,
    }


dead.add_command(dead_handle.replay)
dead.add_command(dead_handle.drop)
