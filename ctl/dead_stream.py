"""The dead-letter stream, read in bounded memory; what was done to a letter stands in the database.

A stream forgets by age and size alone, so a letter that was replayed or dropped stays in it, and is marked in the table
dead_letter_handled.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

from google.protobuf.message import DecodeError

from ctl.context import Database, query
from ctl.errors import USAGE, CtlError
from ctl.stream_reader import End, Start, StreamReader
from wire import names
from wire.envelope import from_amqp
from wire.errors import WireError
from wire.relay_pb2 import DeadLetter, Kind

_AT_ONCE = 500  # letters asked for in one statement …
_PIECE_BYTES = 8_000_000  # … or as many as hold so many bytes


class Handled(NamedTuple):
    """What became of a letter, when, and by whom."""

    action: str
    at: datetime
    by: str


class Letter(NamedTuple):
    """One dead letter, and where it stands in the stream."""

    offset: int
    reason: str
    detail: str
    origin: str
    serial_number: str  # empty where it is not known
    kind: Kind
    time_ns: int
    payload: bytes
    handled: Handled | None = None

    @property
    def time(self) -> datetime:
        """When it was given up."""
        return datetime.fromtimestamp(max(0, self.time_ns) / 1e9, UTC)

    @property
    def kind_name(self) -> str:
        """ "measurements", "birth" …, "unknown"."""
        name = Kind.Name(self.kind) if self.kind in Kind.values() else "KIND_UNSPECIFIED"
        return "unknown" if self.kind == Kind.KIND_UNSPECIFIED else name.removeprefix("KIND_").lower()


class Wanted(NamedTuple):
    """Which letters; all of these narrow each other."""

    reason: str | None = None
    sensor: str | None = None
    since: datetime | None = None
    handled: bool = False  # those that were replayed or dropped, too

    def start(self) -> Start:
        """Where to begin."""
        return Start(time_ms=None if self.since is None else round(self.since.timestamp() * 1000))

    def matches(self, letter: Letter) -> bool:
        """Whether this is one of them."""
        return (
            (self.reason is None or letter.reason == self.reason)
            and (self.sensor is None or letter.serial_number == self.sensor)
            and (self.since is None or letter.time >= self.since)
            and (self.handled or letter.handled is None)
        )


def parse(offset: int, message: bytes, time_ms: int) -> Letter:
    """A message of the stream; one that is no DeadLetter becomes one whose reason is "unreadable"."""
    try:
        dead = DeadLetter.FromString(from_amqp(message))
    except (DecodeError, WireError) as error:
        return Letter(
            offset, "unreadable", str(error), "", "", Kind.KIND_UNSPECIFIED, time_ms * 1_000_000, message
        )
    return Letter(
        offset,
        dead.reason,
        dead.detail,
        dead.origin,
        dead.serial_number,
        dead.kind,
        dead.time_ns,
        dead.payload,
    )


async def letters(
    reader: StreamReader,
    database: Database,
    end: End,
    wanted: Wanted,
    progress: Callable[[int], object] = lambda _offset: None,
) -> AsyncGenerator[Letter, None]:
    """The letters that are wanted, in order, up to `end`. `progress` is told each offset that was reached."""
    waiting: list[Letter] = []
    size = 0
    async with aclosing(reader.chunks(names.DEAD_STREAM, wanted.start(), end)) as chunks:
        async for chunk in chunks:
            for offset, message in enumerate(chunk.messages, chunk.first):
                letter = parse(offset, message, chunk.time_ms)
                if wanted._replace(handled=True).matches(letter):
                    waiting.append(letter)
                    size += len(letter.payload)
                if len(waiting) >= _AT_ONCE or size > _PIECE_BYTES:
                    for known in with_marks(database, waiting):
                        if wanted.matches(known):
                            yield known
                    waiting, size = [], 0
            progress(chunk.first + len(chunk.messages) - 1)
    for known in with_marks(database, waiting):
        if wanted.matches(known):
            yield known


async def at(reader: StreamReader, database: Database, offsets: Iterable[int]) -> list[Letter]:
    """The letters at these offsets. CtlError where one is not there (any more)."""
    end = await reader.end(names.DEAD_STREAM)
    found: list[Letter] = []
    for offset in sorted(set(offsets)):
        if end is None or offset > end.offset:
            last = "there are none" if end is None else f"the last one is {end.offset}"
            raise CtlError(f"there is no dead letter {offset}: {last}", USAGE)
        async with aclosing(
            reader.chunks(names.DEAD_STREAM, Start(offset=offset), end._replace(offset=offset))
        ) as chunks:
            chunk = await anext(chunks, None)
        if chunk is None or chunk.first != offset:
            raise CtlError(f"dead letter {offset} is gone: the stream's age or size has outgrown it", USAGE)
        found.append(parse(offset, chunk.messages[0], chunk.time_ms))
    return with_marks(database, found)


def with_marks(database: Database, found: Sequence[Letter]) -> list[Letter]:
    """The same, with what was done to each."""
    if not found:
        return []
    rows = database.execute(
        query("dead_handled"), {"offsets": [letter.offset for letter in found]}
    ).fetchall()
    marks = {
        (row["stream_offset"], row["time_ns"]): Handled(row["action"], row["handled_at"], row["handled_by"])
        for row in rows
    }
    return [letter._replace(handled=marks.get((letter.offset, letter.time_ns))) for letter in found]


def mark(database: Database, done: Sequence[Letter], action: str, by: str) -> None:
    """Remember that this was done to these letters."""
    database.execute(
        query("dead_mark"),
        {
            "offsets": [letter.offset for letter in done],
            "times": [letter.time_ns for letter in done],
            "action": action,
            "by": by,
        },
    )
