"""Files of rules: YAML that is read with a sentence for every mistake, and written as it is read. Pure but for reading it.

    rules:
      - name: Vibration zone
        kind: zone
        for: {all: true}

`name` and `enabled` (true where it is left out) stand beside the definition, which is that of alarms/rules.py.
"""

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from alarms.rules import KINDS, AnyRule, RuleError, parse, to_json
from ctl.errors import USAGE, CtlError
from ctl.select import did_you_mean

_MAXIMUM_BYTES = 1_000_000
_MAXIMUM_ENTRIES = 1_000
_SHOWN = 20  # problems; the others are counted
_NAME = 100
# first what and whom, then limits, then when, then what is done
_ORDER = (
    "kind", "description", "for", "channel", "feature", "unit", "window_s", "hop_s", "over_s",
    "levels", "severity", "on_delay_s", "off_delay_s", "realarm_s",
)  # fmt: skip
_LAST = ("actions", "trigger")


class Entry(NamedTuple):
    """One rule of a file; `where` is its line and name, for people."""

    where: str
    name: str
    enabled: bool
    rule: AnyRule


class _Loader(yaml.SafeLoader):
    """Refuses a key that comes twice, of which YAML takes the last; maps know the line that they begin in."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    loader.flatten_mapping(node)
    made: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(
                None, None, "this is no name of a field", key_node.start_mark
            )
        if key in made:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} comes twice", key_node.start_mark)
        made[key] = loader.construct_object(value_node, deep=True)
    return made


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_name(value: object) -> str:
    """A rule's name: one line, not empty. ValueError for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    if not text or not text.isprintable() or len(text) > _NAME:
        raise ValueError(f"a name is one line of text, at most {_NAME} characters, and not empty")
    return text


def read_file(path: Path) -> list[Entry]:
    """The file's rules. CtlError, which names line, rule and field of each mistake, where anything is wrong with it."""
    try:
        raw = path.read_bytes()[: _MAXIMUM_BYTES + 1]
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise CtlError(f"cannot read {path}: {error.strerror}", USAGE) from error
    except UnicodeDecodeError as error:
        raise CtlError(f"{path} is no text in UTF-8: {error}", USAGE) from error
    if len(raw) > _MAXIMUM_BYTES:
        raise CtlError(f"{path} is larger than {_MAXIMUM_BYTES:,} bytes: split it", USAGE)
    return parse_yaml(text, str(path))


def parse_yaml(text: str, file: str) -> list[Entry]:
    """The list under `rules`."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        content = None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CtlError(f"{file} is no YAML: {_yaml_problem(error)}", USAGE) from error
    finally:
        loader.dispose()
    if not isinstance(content, dict) or not isinstance(content.get("rules"), list):
        raise CtlError(f"{file}: rules are a list under `rules:`", USAGE)
    unknown = [str(key) for key in content if key != "rules"]
    if unknown:
        raise CtlError(f"{file}: {unknown[0]!r} is unknown; rules are a list under `rules:`", USAGE)
    return _entries(file, content["rules"], _lines(node))


def write(rows: Iterable[tuple[str, bool, AnyRule]]) -> str:
    """(name, enabled, rule) as YAML that `parse_yaml` reads as the same."""
    made = [
        {"name": name, **({} if enabled else {"enabled": False}), **definition(rule)}
        for name, enabled, rule in rows
    ]
    text = _dump(made, readable=True)
    # PyYAML writes some line ends of Unicode as they are, and reads them as a space
    return text if text.replace("\n", "").isprintable() else _dump(made, readable=False)


def _dump(made: list[dict[str, Any]], *, readable: bool) -> str:
    return yaml.safe_dump(
        {"rules": made}, sort_keys=False, allow_unicode=readable, default_flow_style=None, width=100
    )


def definition(rule: AnyRule) -> dict[str, Any]:
    """As `to_json` has it, in an order to read, whole numbers as such."""
    given = to_json(rule)
    first = [key for key in _ORDER if key in given]
    last = [key for key in _LAST if key in given]
    middle = [key for key in given if key not in (*_ORDER, *_LAST)]
    return {key: _short(given[key]) for key in (*first, *middle, *last)}


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _entries(file: str, found: list[Any], lines: list[int]) -> list[Entry]:
    entries: list[Entry] = []
    problems: list[str] = []
    names: dict[str, int] = {}
    for number, given in enumerate(found, 1):
        line = lines[number - 1] if len(lines) == len(found) else 0
        where = f"line {line}: " if line else ""
        name = given.get("name") if isinstance(given, dict) else None
        where += f"rule {name!r}" if isinstance(name, str) else f"rule {number}"
        entry, wrong = _entry(where, given)
        if entry is not None:
            if entry.name in names:
                wrong.append(f"name: also that of rule {names[entry.name]}")
            names.setdefault(entry.name, number)
            entries.append(entry)
        problems += [f"{file}: {where}: {problem}" for problem in wrong]
    if not found:
        raise CtlError(f"{file} names no rules", USAGE)
    if len(found) > _MAXIMUM_ENTRIES:
        problems.append(f"{file}: {len(found):,} rules; at most {_MAXIMUM_ENTRIES:,} at once")
    if problems:
        more = f"\n… and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise CtlError("nothing was imported:\n" + "\n".join(problems[:_SHOWN]) + more, USAGE)
    return entries


def _entry(where: str, given: Any) -> tuple[Entry | None, list[str]]:
    if not isinstance(given, Mapping):
        return None, ["a rule is a map of name, kind, for …"]
    rest = {str(key): value for key, value in given.items()}
    wrong = []
    name, enabled = rest.pop("name", None), rest.pop("enabled", True)
    try:
        name = read_name(name)
    except ValueError as error:
        wrong.append(f"name: {error}" if name is not None else "name: missing")
    if not isinstance(enabled, bool):
        wrong.append(f"enabled: {enabled!r} is neither true nor false")
    try:
        rule = read(rest)
    except RuleError as error:
        return None, [*wrong, *str(error).splitlines()]
    return (None if wrong else Entry(where, name, enabled, rule)), wrong


def read(given: Mapping[str, Any]) -> AnyRule:
    """A definition. RuleError with a line for each mistake; of a kind that there is not, with what may have been meant."""
    kind = given.get("kind")
    if kind is None:
        raise RuleError(f"kind: missing; one of {', '.join(KINDS)}")
    if kind not in KINDS:
        raise RuleError(
            f"kind: there is no kind {kind!r}{did_you_mean(str(kind), KINDS) or ': ' + ', '.join(KINDS)}"
        )
    return parse(given)


def _lines(node: Any) -> list[int]:
    """In which line each rule begins, as an editor counts."""
    for key, value in node.value:
        if key.value == "rules" and isinstance(value, yaml.SequenceNode):
            return [item.start_mark.line + 1 for item in value.value]
    return []


def _yaml_problem(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem or error.context}"
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
