"""RabbitMQ's streams: whether they are there, and how far the ingesters have got in each."""

import asyncio

import psycopg

from ctl.checks import lag
from ctl.checks.finding import Say, Teller, counted
from ctl.settings import CtlSettings
from ctl.stream_reader import End, StreamReader, reader
from wire import names

_TOPOLOGY = "run python -m runtime.topology with an account that may configure"


def check(settings: CtlSettings, say: Say) -> None:
    """See above. StreamError where the streams cannot be reached, CtlError where the account may not read them."""
    tell = Teller("streams", say)
    ends = asyncio.run(_ends(settings, tell))
    if ends:
        _judge_lag(tell, settings, ends)


async def _ends(settings: CtlSettings, tell: Teller) -> dict[str, End | None]:
    async with reader(settings) as streams:
        await streams.connect()
        partitions = await streams.partitions(names.DATA_SUPER_STREAM)
        if partitions:
            tell.ok("super stream", f"{names.DATA_SUPER_STREAM} has {len(partitions)} partitions")
        else:
            tell.problem(
                "super stream",
                f"there is no super stream {names.DATA_SUPER_STREAM}: no bridge can start",
                _TOPOLOGY,
            )
        there = list(partitions)
        for stream in (names.LOG_STREAM, names.DEAD_STREAM):
            if await streams.exists(stream):
                there.append(stream)
            else:
                tell.problem("streams", f"there is no stream {stream}", _TOPOLOGY)
        return await _each_end(streams, [stream for stream in there if stream != names.DEAD_STREAM])


async def _each_end(streams: StreamReader, there: list[str]) -> dict[str, End | None]:
    ends = await asyncio.gather(*(streams.end(stream) for stream in there))
    return dict(zip(there, ends, strict=True))


def _judge_lag(tell: Teller, settings: CtlSettings, ends: dict[str, End | None]) -> None:
    try:
        with psycopg.connect(**settings.conninfo(), autocommit=True, connect_timeout=5) as database:  # type: ignore[arg-type]  # keywords of one dict
            behind = lag.watch(ends, lambda: _offsets(database))
    except psycopg.Error as error:
        tell.warning(
            "lag",
            f"not known, for the database does not say: {str(error).strip().splitlines()[0]}",
            "see database",
        )
        return
    for stream, found in behind.items():
        kind = "logs" if stream == names.LOG_STREAM else "measurements"
        many = f"{stream}: {counted(found.behind, 'stream message')}"
        if found.per_s:
            tell.warning(
                "lag",
                f"{many} behind; {found.per_s:.0f} a second are written",
                f"another python -m ingest {kind} shares the work, if this does not end by itself",
            )
        else:
            tell.problem(
                "lag",
                f"{many} not written, and it does not move",
                f"is python -m ingest {kind} running? Its log and /readyz say what it waits for",
            )
    if not behind:
        tell.ok("lag", f"ingesters are at the end of all {len(ends)} streams")


def _offsets(database: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    rows = database.execute("SELECT stream, next_offset FROM stream_offset").fetchall()
    return {str(stream): int(str(offset)) for stream, offset in rows}
