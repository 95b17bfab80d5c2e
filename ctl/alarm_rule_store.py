"""Rules in the database: written in transactions, one writer at a time. A new version only where the rule is another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from alarms.rules import AnyRule, RuleError, Scope, parse, to_json
from ctl.alarm_rule_file import Entry
from ctl.context import Database, query
from ctl.errors import USAGE, CtlError
from ctl.select import did_you_mean
from ctl.whoami import whoami


class Change(NamedTuple):
    """What was done with one rule."""

    name: str
    done: str  # added, changed, unchanged
    fields: tuple[str, ...]  # that changed: of the definition, and enabled
    version: int
    note: str = ""  # what may be a mistake


@contextmanager
def writing(database: Database, *, keep: bool = True) -> Iterator[None]:
    """A transaction in which nobody else writes rules; rolled back unless `keep`."""
    with database.transaction(force_rollback=not keep):
        database.execute("LOCK TABLE alarm_rule IN SHARE ROW EXCLUSIVE MODE")
        yield


def rows(database: Database, names: Sequence[str] = ()) -> list[DictRow]:
    """These rules, or all. CtlError where one is unknown, with what may have been meant."""
    found = database.execute(query("alarm_rules"), {"names": list(names) or None}).fetchall()
    known = {row["name"] for row in found}
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        statement = "SELECT name FROM alarm_rule WHERE removed_at IS NULL"
        every = [row["name"] for row in database.execute(statement).fetchall()]
        named = ", ".join(f"{name!r}{did_you_mean(name, every)}" for name in unknown)
        raise CtlError(f"there is no rule {named}" + ("" if every else ": iotctl alarms rules add"), USAGE)
    return found


def find(database: Database, name: str) -> DictRow:
    """One rule."""
    return rows(database, [name])[0]


def rule_of(row: DictRow) -> AnyRule:
    """Its definition. CtlError where this version does not know it."""
    try:
        return parse(row["definition"])
    except RuleError as error:
        said = str(error).replace("\n", "; ")
        raise CtlError(f"rule {row['name']!r} is of another version than this iotctl: {said}") from error


def put(database: Database, name: str, rule: AnyRule, enabled: bool | None, *, new: bool = False) -> Change:
    """Add or change a rule; `enabled` None: as it is. CtlError where it is to be `new` and is not."""
    found = database.execute(query("alarm_rules"), {"names": [name]}).fetchone()
    definition = to_json(rule)
    note = _note(database, rule.scope)
    if found is None:
        parameters = _parameters(name=name, enabled=enabled is not False, definition=definition)
        database.execute(query("alarm_rule_insert"), parameters)
        return Change(name, "added", (), 1, note)
    if new:
        raise CtlError(f"there is a rule {name!r} already: iotctl alarms rules set changes it", USAGE)
    before = _normal(found["definition"])
    fields = [key for key in (*definition, *before) if before.get(key) != definition.get(key)]
    version = found["version"] + bool(fields)
    if enabled is not None and enabled != found["enabled"]:
        fields.append("enabled")
    if fields:
        wanted = found["enabled"] if enabled is None else enabled
        parameters = _parameters(id=found["id"], enabled=wanted, definition=definition, version=version)
        database.execute(query("alarm_rule_update"), parameters)
    done = "changed" if fields else "unchanged"
    return Change(name, done, tuple(dict.fromkeys(fields)), version, note)


def apply(database: Database, entries: Sequence[Entry]) -> list[Change]:
    """An import's rules, in the transaction that the caller opened."""
    return [put(database, entry.name, entry.rule, entry.enabled) for entry in entries]


def enable(database: Database, row: DictRow, enabled: bool) -> bool:
    """Judge by it, or not; whether that is a change. The version stays: what it has learnt is as good as before."""
    if row["enabled"] == enabled:
        return False
    parameters = _parameters(
        id=row["id"], enabled=enabled, definition=row["definition"], version=row["version"]
    )
    database.execute(query("alarm_rule_update"), parameters)
    return True


def remove(database: Database, row: DictRow) -> None:
    """It is not judged by any more, and kept with its alarms; its name is free."""
    database.execute(query("alarm_rule_remove"), {"id": row["id"], "by": whoami()})


def relearn(database: Database, row: DictRow) -> int:
    """Forget what it has learnt, by a new version; of how many sources that was. CtlError for a rule that learns nothing."""
    if row["kind"] != "deviation":
        raise CtlError(f"{row['name']!r} is a {row['kind']} rule: only rules of kind deviation learn", USAGE)
    gone = database.execute("DELETE FROM alarm_evaluation WHERE rule_id = %s", [row["id"]]).rowcount
    parameters = _parameters(
        id=row["id"], enabled=row["enabled"], definition=row["definition"], version=row["version"] + 1
    )
    database.execute(query("alarm_rule_update"), parameters)
    return gone


def _parameters(**given: Any) -> dict[str, Any]:
    return {**given, "definition": Jsonb(given["definition"]), "by": whoami()}


def _normal(definition: dict[str, Any]) -> dict[str, Any]:
    """Without what is the default, as a later version may write it; as it is where this version does not know it."""
    try:
        return to_json(parse(definition))
    except RuleError:
        return definition


def _note(database: Database, scope: Scope) -> str:
    """Where nothing that is known has the name that the rule is for; that may come yet."""
    if scope.all:
        return ""
    what = "sensor" if scope.sensor is not None else "target" if scope.target is not None else "type"
    wanted = str(getattr(scope, what))
    statement = query("alarm_rule_known")
    known = [row["name"] for row in database.execute(statement).fetchall() if row["what"] == what]
    if wanted in known:
        return ""
    return f"no {what} {wanted!r} is known yet{did_you_mean(wanted, known)}"
