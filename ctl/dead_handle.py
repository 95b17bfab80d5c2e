"""`iotctl dead replay` and `drop`: choosing letters, asking, doing it in pieces, and saying what was done."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ctl import dead_replay, dead_stream
from ctl.context import Database, Operator, pass_operator
from ctl.dead_replay import AT_ONCE, Replayer
from ctl.dead_stream import Letter, Wanted
from ctl.durations import MOMENT
from ctl.errors import FORBIDDEN, USAGE, CtlError
from ctl.select import complete_serial
from ctl.stream_reader import StreamReader, reader
from ctl.whoami import whoami
from wire import names
from wire.relay_pb2 import Kind

F = TypeVar("F", bound=Callable[..., Any])
Act = Callable[[list[Letter]], Awaitable[None]]
_PIECE_BYTES = 8_000_000  # of payload in memory
_NAMED_AT_ONCE = 8  # a letter may hold a million bytes
_LOCK = 0x5E_50_13  # one iotctl at a time handles letters; 0x5E_50_12 is the migrations'


class Choice(NamedTuple):
    """Which letters were meant: those at `offsets`, or where there are none, those that `wanted` matches."""

    offsets: tuple[int, ...]
    wanted: Wanted
    ask: bool


def filters(command: F) -> F:
    """--reason, --sensor, --since; `wanted_by` takes them."""
    for decorator in reversed(
        (
            click.option("--reason", metavar="REASON", help="Given up for this reason, e.g. bad_time."),
            click.option(
                "--sensor", metavar="SERIAL", shell_complete=complete_serial, help="Of this sensor."
            ),
            click.option(
                "--since", type=MOMENT, metavar="TIME", help="Given up since then: 1h (ago), 2026-03-01 …"
            ),
        )
    ):
        command = decorator(command)
    return command


def wanted_by(reason: str | None, sensor: str | None, since: datetime | None) -> Wanted:
    """What the options of `filters` say."""
    return Wanted(reason, sensor, since)


def _choosing(command: F) -> F:
    """OFFSET…, or filters, or --all; and --yes."""
    for decorator in reversed(
        (
            click.argument("offsets", metavar="[OFFSET]...", nargs=-1, type=click.IntRange(0, 2**63 - 1)),
            click.option("--all", "every", is_flag=True, help="All that are neither replayed nor dropped."),
            filters,
            click.option("-y", "--yes", is_flag=True, help="Do not ask."),
        )
    ):
        command = decorator(command)
    return command


def _choice(given: dict[str, Any]) -> Choice:
    filtered = wanted_by(given["reason"], given["sensor"], given["since"])
    offsets: tuple[int, ...] = given["offsets"]
    by_filter = given["every"] or filtered != Wanted()
    if offsets and by_filter:
        raise CtlError("name offsets, or choose by --reason, --sensor, --since or --all: not both", USAGE)
    if not offsets and not by_filter:
        raise CtlError("which letters? Name offsets, or use --reason, --sensor, --since or --all", USAGE)
    return Choice(offsets, filtered, ask=not given["yes"] and not offsets)


@click.command()
@_choosing
@click.option(
    "--force", is_flag=True, help="Also what would be refused again, or was replayed or dropped before."
)
@pass_operator
def replay(operator: Operator, /, force: bool, **given: Any) -> None:
    """Publish dead letters again where they came from, and mark them as replayed.

    For messages that a newer version understands, or that came while something was wrong. Measurements and log lines
    go to their streams; births, statuses and acknowledgements to the exchange, which needs a RabbitMQ account that
    may publish them, as control may. What is stored already is not stored twice. Letters that this version would
    refuse again are left as they are.

    \b
    iotctl dead replay 17 18
    iotctl dead replay --reason bad_text --since 2d
    iotctl dead replay --all --yes
    """
    choice = _choice(given)
    _ask(operator, choice, "replay", force)
    left: Counter[str] = Counter()

    async def work() -> int:
        async with opened(operator) as (stream, database):
            _lock(database)
            async with Replayer(operator.settings, database, whoami()) as replayer:

                async def act(letters: list[Letter]) -> None:
                    plan = dead_replay.plan(letters, force=force, now_ns=time.time_ns())
                    if choice.offsets and len(plan.ready) < len(letters):
                        first = next(letter for letter in letters if letter not in plan.ready)
                        raise CtlError(f"dead letter {first.offset} was not replayed: {verdict(first)}")
                    left.update(
                        {f"would be refused again ({reason})": n for reason, n in plan.refused.items()}
                    )
                    left.update(
                        {"came from no sensor, or it is not known from which": plan.unknown}
                        if plan.unknown
                        else {}
                    )
                    await replayer.replay(plan.ready)

                await _carry_out(operator, stream, database, choice, force, act)
                return replayer.replayed

    click.echo(f"replayed {asyncio.run(work()):,}")
    for why, count in left.most_common():
        click.echo(f"left {count:,} that {why}", err=True)


@click.command()
@_choosing
@pass_operator
def drop(operator: Operator, /, **given: Any) -> None:
    """Mark dead letters as dropped: `dead list` shows them no more.

    They stay in their stream until that outgrows its age or size; `dead list --handled` and `dead show` find them.

    \b
    iotctl dead drop 17
    iotctl dead drop --reason malformed --sensor pump-0002
    iotctl dead drop --all --yes
    """
    choice = _choice(given)
    _ask(operator, choice, "drop", False)
    dropped = 0

    async def work() -> None:
        async with opened(operator) as (stream, database):
            _lock(database)

            async def act(letters: list[Letter]) -> None:
                nonlocal dropped
                dead_stream.mark(database, letters, "dropped", whoami())
                dropped += len(letters)

            await _carry_out(operator, stream, database, choice, False, act)

    asyncio.run(work())
    click.echo(f"dropped {dropped:,}")


def verdict(letter: Letter) -> str:
    """Whether a replay makes sense now, in a sentence."""
    if not dead_replay.replayable(letter):
        if letter.kind == Kind.KIND_COMMAND:
            return "cannot be replayed: it is a command, which is given anew"
        return "cannot be replayed: it came from no sensor, or it is not known from which"
    error = dead_replay.refusal(letter, time.time_ns())
    if error is None:
        return "this version would take it: iotctl dead replay"
    return f"this version would refuse it again: {error.reason.value}: {error.detail}"


@asynccontextmanager
async def opened(operator: Operator) -> AsyncIterator[tuple[StreamReader, Database]]:
    """The stream and the database."""
    with operator.database() as database:
        async with reader(operator.settings) as stream:
            yield stream, database


async def scanned(
    operator: Operator, stream: StreamReader, database: Database, wanted: Wanted
) -> AsyncGenerator[Letter, None]:
    """All letters that are wanted, in order, with a bar on a terminal while the stream is read."""
    end = await stream.end(names.DEAD_STREAM)
    if end is None:
        return
    bar = Progress(
        TextColumn("dead letters"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=operator.err,
        transient=True,
        disable=not operator.err.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=end.offset + 1)
        async with aclosing(
            dead_stream.letters(stream, database, end, wanted, lambda at: bar.update(task, completed=at + 1))
        ) as letters:
            async for letter in letters:
                yield letter


async def _carry_out(
    operator: Operator, stream: StreamReader, database: Database, choice: Choice, again: bool, act: Act
) -> None:
    """Do it to what was chosen, in pieces; `again`: also to what was handled before."""
    wanted = choice.wanted._replace(handled=again)
    if choice.offsets:
        for first in range(0, len(choice.offsets), _NAMED_AT_ONCE):
            named = await dead_stream.at(stream, database, choice.offsets[first : first + _NAMED_AT_ONCE])
            for letter in named:
                if letter.handled is not None and not again:
                    hint = ": replay --force does it again" if letter.handled.action == "replayed" else ""
                    done = f"was {letter.handled.action} by {letter.handled.by} already"
                    raise CtlError(f"dead letter {letter.offset} {done}{hint}", USAGE)
            await act(named)
        return
    letters: list[Letter] = []
    size = 0
    async for letter in scanned(operator, stream, database, wanted):
        letters.append(letter)
        size += len(letter.payload)
        if len(letters) == AT_ONCE or size > _PIECE_BYTES:
            await act(letters)
            letters, size = [], 0
    if letters:
        await act(letters)


def _ask(operator: Operator, choice: Choice, verb: str, again: bool) -> None:
    """Before letters are handled that were chosen by a filter and not by their offsets."""
    if not choice.ask:
        return

    async def count() -> int:
        async with opened(operator) as (stream, database):
            wanted = choice.wanted._replace(handled=again)
            return sum([1 async for _ in scanned(operator, stream, database, wanted)])

    number = asyncio.run(count())
    if number:
        operator.confirm(f"{verb} {number:,} dead letters?", yes=False)


def _lock(database: Database) -> None:
    """Before anything is published: the right to say so afterwards, and nobody else at the same letters."""
    row = database.execute(
        "SELECT has_table_privilege('dead_letter_handled', 'INSERT') AS may, pg_try_advisory_lock(%s) AS alone",
        [_LOCK],
    ).fetchone()
    assert row is not None
    if not row["may"]:
        raise CtlError("this database account may not replay or drop dead letters", FORBIDDEN)
    if not row["alone"]:
        raise CtlError("another iotctl is replaying or dropping dead letters: wait for it")
