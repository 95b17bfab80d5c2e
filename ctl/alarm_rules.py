"""`iotctl alarms rules`: what is judged, for whom, and why it is silent where it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import click
from rich.padding import Padding
from rich.text import Text

from alarms.rules import AnyRule, RuleError, to_json
from ctl import alarm_rule_store as store
from ctl.alarm_rule_file import read, read_file, read_name, write
from ctl.alarm_rule_options import definition, definition_options
from ctl.alarm_rule_view import CHANGES, COLUMNS, SOURCES, evaluated, facts, judges, scope
from ctl.context import Operator, object_option, output_option, pass_operator, query
from ctl.errors import USAGE, CtlError
from ctl.output import Form, print_object, print_rows
from ctl.select import complete_rule

_SOURCES = 10_000  # that `show` lists
_FILE = click.Path(path_type=Path, dir_okay=False)

name_argument = click.argument("name", shell_complete=complete_rule)
names_argument = click.argument(
    "names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_rule
)


@click.group()
def rules() -> None:
    """Rules: what raises alarms, for which sensors, at which severity, and what is done then.

    Kept in the database; the alarms service takes a change within seconds. docs/alarms.md has every kind with its
    fields. A change makes a new version of a rule: its evaluation begins anew.

    \b
    iotctl alarms rules import rules.yaml --dry-run
    iotctl alarms rules add "Hot" --kind threshold --for-type temperature --feature mean --unit °C --high 80:500:2
    iotctl alarms rules set "Hot" --high 85:500:2 --on-delay 1m
    iotctl alarms rules show "Hot"
    """


@rules.command(name="list")
@output_option
@pass_operator
def list_command(operator: Operator, form: Form) -> None:
    """List rules: whom they are for, what they judge, how many alarms are open.

    SOURCES are the sensors' channels that it judges, NO VERDICT those of which it says why it cannot: `rules show`.

    \b
    iotctl alarms rules list
    iotctl alarms rules list --output json | jq -r '.[] | select(.without_verdict > 0) | .name'
    """
    with operator.database() as database:
        rows = store.rows(database)
    print_rows(
        [_listed(row) for row in rows],
        COLUMNS,
        form,
        console=operator.out,
        empty="no rules: iotctl alarms rules add",
    )


@rules.command()
@name_argument
@object_option
@pass_operator
def show(operator: Operator, name: str, form: Literal["auto", "json"]) -> None:
    """Show one rule: its definition, and for each source where its evaluation is.

    That is which delays run, what has been learnt, and, where there is no verdict, why.

    \b
    iotctl alarms rules show "Vibration zone"
    iotctl alarms rules show "Vibration zone" --output json | jq '.sources[] | select(.reason != "")'
    """
    with operator.database() as database:
        row = store.find(database, name)
        parameters = {"rule_id": row["id"], "version": row["version"], "limit": _SOURCES}
        sources = database.execute(query("alarm_rule_sources"), parameters).fetchall()
    shown = [evaluated(one, str(row["definition"].get("unit", ""))) for one in sources]
    if form == "json":
        print_object({**row, "sources": shown}, console=operator.out)
        return
    rule = store.rule_of(row)
    operator.out.print(facts(row, rule))
    click.echo(f"\n{write([(row['name'], row['enabled'], rule)])}", nl=False)
    operator.out.print(Padding(Text("Sources", style="bold"), (1, 0, 0, 0)))
    print_rows(
        shown, SOURCES, "auto", console=operator.out, remedy="a wider terminal",
        empty="it has judged nothing yet: nothing that it is for has measured, or no alarms service runs",
    )  # fmt: skip


@rules.command()
@name_argument
@click.option("--file", "file", type=_FILE, help="From this YAML file: the rule of that name in it.")
@definition_options
@click.option("--disabled", is_flag=True, help="Do not judge by it yet.")
@pass_operator
def add(operator: Operator, /, name: str, file: Path | None, disabled: bool, **given: Any) -> None:
    """Add a rule, from options or a file.

    A level is LIMIT:SEVERITY or LIMIT:SEVERITY:DEADBAND, severities from 1 to 1000. What has no option of its own is
    set by --field.

    \b
    iotctl alarms rules add "Hot" --kind threshold --for-sensor temp-0006 --feature mean --unit °C \\
        --high 80:500:2 --high-high 95:800:2 --on-delay 1m
    iotctl alarms rules add "Silent" --kind deadman --for-all --severity 700 --field factor=10
    iotctl alarms rules add "Vibration zone" --kind zone --for-target "Pump 1" \\
        --field 'actions=[{do: email, to: [anna@example.com]}]'
    """
    try:
        name = read_name(name)
    except ValueError as error:
        raise CtlError(str(error), USAGE) from error
    with operator.database() as database, store.writing(database):
        rule, enabled = _wanted(name, file, given, {})
        _said(store.put(database, name, rule, enabled and not disabled, new=True))


@rules.command(name="set")
@name_argument
@click.option("--file", "file", type=_FILE, help="As this YAML file has it: the rule of that name in it.")
@definition_options
@pass_operator
def set_command(operator: Operator, /, name: str, file: Path | None, **given: Any) -> None:
    """Change some fields of a rule; the others stay. Its evaluation begins anew, delays and what it has learnt too.

    \b
    iotctl alarms rules set "Hot" --high 85:500:2 --on-delay 1m
    iotctl alarms rules set "Hot" --field levels.high_high=null
    iotctl alarms rules set "Hot" --file rules.yaml
    """
    with operator.database() as database, store.writing(database):
        row = store.find(database, name)
        rule, enabled = _wanted(name, file, given, row["definition"])
        _said(store.put(database, name, rule, enabled if file is not None else None))


@rules.command(name="import")
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@output_option
@pass_operator
def import_command(operator: Operator, file: Path, dry_run: bool, form: Form) -> None:
    """Add and change rules as a YAML file says, all of it or, where anything is wrong, nothing.

    A rule that exists is replaced; where it is the same, its evaluation goes on. Rules that the file does not name stay.

    \b
        rules:
          - name: Vibration zone
            kind: zone
            for: {target: Pump 1}
            on_delay_s: 10
          - name: Hot
            kind: threshold
            for: {type: temperature}
            feature: mean
            unit: °C
            levels:
              high: {limit: 80, deadband: 2, severity: 500}

    \b
    iotctl alarms rules import rules.yaml --dry-run
    iotctl alarms rules export | iotctl alarms rules import /dev/stdin
    """
    entries = read_file(file)
    with operator.database() as database, store.writing(database, keep=not dry_run):
        changes = store.apply(database, entries)
    print_rows([change._asdict() for change in changes], CHANGES, form, console=operator.out)
    counts = {done: sum(one.done == done for one in changes) for done in ("added", "changed", "unchanged")}
    said = ", ".join(f"{count} {done}" for done, count in counts.items() if count)
    click.echo(f"{said}{': a dry run, nothing was written' if dry_run else ''}", err=True)


@rules.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_rule)
@pass_operator
def export(operator: Operator, names: tuple[str, ...]) -> None:
    """Print rules as YAML that `rules import` takes; all of them where none is named.

    \b
    iotctl alarms rules export > rules.yaml
    iotctl alarms rules export "Vibration zone"
    """
    with operator.database() as database:
        rows = store.rows(database, names)
    click.echo(write((row["name"], row["enabled"], store.rule_of(row)) for row in rows), nl=False)


@rules.command()
@names_argument
@pass_operator
def enable(operator: Operator, names: tuple[str, ...]) -> None:
    """Judge by rules again.

    \b
    iotctl alarms rules enable "Vibration zone"
    """
    _enable(operator, names, enabled=True)


@rules.command()
@names_argument
@pass_operator
def disable(operator: Operator, names: tuple[str, ...]) -> None:
    """Do not judge by rules for now: their active alarms are over. `suppress` is for maintenance, where what happens is to be recorded.

    \b
    iotctl alarms rules disable "Vibration zone"
    """
    _enable(operator, names, enabled=False)


@rules.command()
@names_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask while alarms of it are open.")
@pass_operator
def remove(operator: Operator, names: tuple[str, ...], yes: bool) -> None:
    """Remove rules. Their alarms stay in the history; the name is free.

    \b
    iotctl alarms rules remove "Hot"
    """
    with operator.database() as database:
        rows = store.rows(database, names)
        opened = sum(row["alarms"] for row in rows)
        if opened:
            operator.confirm(f"remove {', '.join(names)}, with {opened:,} open alarms?", yes=yes)
        with store.writing(database):
            for row in store.rows(database, names):
                store.remove(database, row)
    for name in dict.fromkeys(names):
        click.echo(f"{name}: removed")


@rules.command()
@names_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_operator
def relearn(operator: Operator, names: tuple[str, ...], yes: bool) -> None:
    """Forget what rules of kind deviation have learnt, of every source: after a repair, or a change of use.

    \b
    iotctl alarms rules relearn "Unusual vibration"
    """
    with operator.database() as database:
        sources = sum(row["sources"] for row in store.rows(database, names))
        if sources:
            operator.confirm(f"forget what {', '.join(names)} learnt of {sources:,} sources?", yes=yes)
        with store.writing(database):
            gone = {row["name"]: store.relearn(database, row) for row in store.rows(database, names)}
    for name, count in gone.items():
        click.echo(f"{name}: learns anew, {count:,} sources forgotten")


def _enable(operator: Operator, names: Sequence[str], *, enabled: bool) -> None:
    with operator.database() as database, store.writing(database):
        done = {row["name"]: store.enable(database, row, enabled) for row in store.rows(database, names)}
    word = "enabled" if enabled else "disabled"
    for name, changed in done.items():
        click.echo(f"{name}: {word}{'' if changed else ' already'}")


def _wanted(
    name: str, file: Path | None, given: dict[str, Any], before: dict[str, Any]
) -> tuple[AnyRule, bool]:
    """The rule that options or a file say, and whether it is enabled. CtlError for both, neither, and what is no rule."""
    made = definition(given, before)
    if file is not None:
        if made != before:
            raise CtlError("from a file or from options: not both", USAGE)
        entries = {entry.name: entry for entry in read_file(file)}
        if name not in entries:
            raise CtlError(f"{file} has no rule {name!r}, but {', '.join(map(repr, entries))}", USAGE)
        return entries[name].rule, entries[name].enabled
    if not made:
        raise CtlError("which rule? Say --kind and its fields, or --file", USAGE)
    if made == before:
        raise CtlError("nothing to change: give a field, or --file", USAGE)
    try:
        return read(made), True
    except RuleError as error:
        raise CtlError(f"{name}: {error}", USAGE) from error


def _said(change: store.Change) -> None:
    fields = f": {', '.join(change.fields)}" if change.done == "changed" else ""
    done = "it is like that already" if change.done == "unchanged" else f"{change.done}{fields}"
    click.echo(f"{change.name}: {done}, version {change.version}")
    if change.note:
        click.echo(change.note, err=True)


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    try:
        rule = store.rule_of(row)
    except CtlError as error:  # one rule of a newer version does not hide the others
        return {**row, "scope": None, "judges": error.message}
    return {**row, "definition": to_json(rule), "scope": scope(rule.scope), "judges": judges(rule)}
