"""Messages that could not be processed within the last day, by reason."""

import asyncio
from collections import Counter
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import psycopg

from ctl import dead_stream
from ctl.checks.database import connected
from ctl.checks.finding import Say, Teller, counted
from ctl.settings import CtlSettings
from ctl.stream_reader import reader
from wire import names

_MOST = 100_000  # letters that are looked at


def check(settings: CtlSettings, say: Say) -> None:
    """See above. StreamError where the stream cannot be read."""
    tell = Teller("dead letters", say)
    try:
        reasons = asyncio.run(_count(settings))
    except psycopg.Error:
        tell.warning(
            "last day", "not known, for the database does not say which were handled", "see database"
        )
        return
    if not reasons:
        tell.ok("last day", "none that was not replayed or dropped")
        return
    total = sum(reasons.values())
    by_reason = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    tell.warning(
        "last day",
        f"{'at least ' if total >= _MOST else ''}{counted(total, 'message')} could not be processed: {by_reason}",
        "iotctl dead list shows them; replay or drop them when the cause is known",
    )


async def _count(settings: CtlSettings) -> Counter[str]:
    reasons: Counter[str] = Counter()
    wanted = dead_stream.Wanted(since=datetime.now(UTC) - timedelta(days=1))
    with connected(settings) as database:
        async with reader(settings) as stream:
            end = await stream.end(names.DEAD_STREAM)
            if end is None:
                return reasons
            async with aclosing(dead_stream.letters(stream, database, end, wanted)) as letters:
                async for letter in letters:
                    reasons[letter.reason] += 1
                    if reasons.total() >= _MOST:
                        break
    return reasons
