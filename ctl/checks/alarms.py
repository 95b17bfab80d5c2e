"""The alarms service, by what it writes: whether it judges, by which rules, and whether everybody was told."""

import asyncio
import math
from collections.abc import Mapping, Sequence

from psycopg.rows import DictRow

from alarms.rules import RuleError, parse
from ctl.checks import lag
from ctl.checks.database import connected
from ctl.checks.finding import Say, Teller, counted
from ctl.context import Database, query
from ctl.durations import show_duration
from ctl.errors import CtlError
from ctl.settings import CtlSettings
from ctl.stream_reader import End, reader
from runtime.streams import StreamError
from wire import names

_SILENT_S = 120.0  # it writes how far it is twice a second, or as STREAMING_ALARMS_CHECKPOINT_MS says: at least every minute
_SHOWN = 3
_RUN = "is python -m alarms running? Its log and /readyz say what it waits for"


def check(settings: CtlSettings, say: Say) -> None:
    """See above. psycopg's errors where the database is away."""
    tell = Teller("alarms", say)
    with connected(settings) as database:
        rules = database.execute(query("doctor_rules")).fetchall()
        judge_rules(tell, rules)
        judge_outbox(tell, database.execute(query("doctor_outbox")).fetchall())
        judge_triggers(tell, database.execute(query("doctor_triggers")).fetchall())
        partitions = {
            row["stream"]: row["age_s"] for row in database.execute(query("doctor_partitions")).fetchall()
        }
        try:
            ends: dict[str, End | None] | None = asyncio.run(_ends(settings))
        except (StreamError, CtlError):
            ends = None
        streams = list(ends or sorted(partitions))
        judged = judge_partitions(tell, partitions, streams, wanted=bool(rules))
        if ends is None:
            tell.warning("lag", "not known, for RabbitMQ does not say where its streams end", "see streams")
        elif judged:
            _judge_lag(tell, database, {stream: end for stream, end in ends.items() if stream in judged})


def judge_rules(tell: Teller, rules: Sequence[DictRow]) -> None:
    """Say what rows of doctor_rules.sql mean: those that cannot be used, and those that judge nothing."""
    if not rules:
        tell.ok("rules", "none is enabled: no alarm is ever raised")
        return
    refused: dict[str, str] = {}
    for row in rules:
        try:
            parse(row["definition"])
        except RuleError as error:
            refused[row["name"]] = str(error).replace("\n", "; ")
    if refused:
        name, why = next(iter(refused.items()))
        tell.problem(
            "rules",
            f"cannot be used: {_listed(list(refused))}; {name}: {why}",
            "iotctl alarms rules set mends one; if the service is newer than this iotctl, upgrade that first",
        )
    blind = [
        row["name"]
        for row in rules
        if row["name"] not in refused and row["sources"] == row["without_verdict"]
    ]
    if blind:
        tell.warning(
            "rules",
            f"nothing is judged by {_listed(blind)}: of no sensor there is a verdict",
            "iotctl alarms rules show NAME says why, of each sensor that it is for; there may be none yet",
        )
    if not refused and not blind:
        sources = sum(row["sources"] for row in rules)
        without = sum(row["without_verdict"] for row in rules)
        but = f"; of {without:,} there is no verdict" if without else ""
        tell.ok("rules", f"{counted(len(rules), 'rule')} for {counted(sources, 'source')}{but}")


def judge_partitions(
    tell: Teller, partitions: Mapping[str, float], streams: Sequence[str], *, wanted: bool
) -> list[str]:
    """The streams that are judged. partitions: for how long nothing was written; wanted: there are rules to judge by."""
    silent = [stream for stream in streams if partitions.get(stream, math.inf) > _SILENT_S]
    if streams and not silent:
        tell.ok("judging", f"{counted(len(streams), 'partition')}, each judged")
        return list(streams)
    if not partitions:
        said = "no alarms service has ever been at work: no alarm is raised"
    elif len(silent) == len(streams):
        since = show_duration(min(partitions.values()))
        said = f"the alarms service has said nothing for {since}: no alarm is raised"
    else:
        said = f"nobody judges {', '.join(silent)}: no alarm is raised there"
    if wanted:
        tell.problem("judging", said, _RUN)
    else:
        tell.warning("judging", f"{said}; but no rule is enabled, either", _RUN)
    return [stream for stream in streams if stream not in silent]


def judge_outbox(tell: Teller, actions: Sequence[DictRow]) -> None:
    """Say what rows of doctor_outbox.sql mean, one for each kind of what is sent."""
    given_up = {row["action"]: row["given_up"] for row in actions if row["given_up"]}
    late = {row["action"]: row["late"] for row in actions if row["late"]}
    if given_up:
        error = next(row["given_up_error"] for row in actions if row["given_up"])
        tell.problem(
            "outbox",
            f"given up within the last day, and nobody was told: {_by_kind(given_up)}{_why(error)}",
            "iotctl alarms outbox --given-up says what and to whom: tell them otherwise; --retry ID sends it again",
        )
    if late:
        oldest = max((row for row in actions if row["late"]), key=lambda row: row["oldest_s"])
        tell.warning(
            "outbox",
            f"could not be sent for up to {show_duration(oldest['oldest_s'])}: {_by_kind(late)}{_why(oldest['late_error'])}",
            "is its receiver there, and the alarms service's way to it? iotctl alarms outbox --failed shows each",
        )
    if not given_up and not late:
        tell.ok("outbox", "nothing was given up, and nothing has waited for long")


def judge_triggers(tell: Teller, targets: Sequence[DictRow]) -> None:
    """Say what rows of doctor_triggers.sql mean: machines that did not hear of their alarm."""
    if targets:
        count = sum(row["expired"] for row in targets)
        tell.problem(
            "machines",
            f"{counted(count, 'trigger')} expired within the last day, as no controller answered: "
            f"{_listed([row['target'] for row in targets])}",
            "look at the machine; is its controller connected to the alarms service (docs/machines.md)?",
        )


async def _ends(settings: CtlSettings) -> dict[str, End | None]:
    async with reader(settings) as streams:
        partitions = await streams.partitions(names.DATA_SUPER_STREAM)
        ends = await asyncio.gather(*(streams.end(stream) for stream in partitions))
        return dict(zip(partitions, ends, strict=True))


def _judge_lag(tell: Teller, database: Database, ends: Mapping[str, End | None]) -> None:
    def next_offsets() -> dict[str, int]:
        rows = database.execute("SELECT stream, next_offset FROM alarm_partition").fetchall()
        return {row["stream"]: row["next_offset"] for row in rows}

    behind = lag.watch(ends, next_offsets)
    for stream, found in behind.items():
        many = f"{stream}: {counted(found.behind, 'stream message')}"
        if found.per_s:
            tell.warning(
                "lag",
                f"{many} behind; {found.per_s:.0f} a second are judged",
                "another python -m alarms shares the work, if this does not end by itself",
            )
        else:
            tell.problem("lag", f"{many} not judged, and it does not move", _RUN)
    if not behind:
        tell.ok("lag", "everything that was measured is judged")


def _by_kind(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {action}" for action, count in counts.items())


def _why(error: str | None) -> str:
    return f" ({error})" if error else ""


def _listed(many: Sequence[str]) -> str:
    return ", ".join(many[:_SHOWN]) + (f" and {len(many) - _SHOWN} more" if len(many) > _SHOWN else "")
