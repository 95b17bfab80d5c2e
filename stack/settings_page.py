"""`python -m stack.settings_page`: docs/settings.md, from the settings classes. `make docs` writes it; a test compares."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from runtime.config import PREFIX
from stack.env_example import SECTIONS

_HEAD = f"""\
# Settings

Every setting of every service, generated from their classes. As a file to fill in: [.env.example](../.env.example).

- A variable that is not set, or empty, has its default. With an invalid value the service ends (exit code 2) and names the
  variable; a name that looks misspelt is reported on standard error.
- A **secret** may come from a file instead of the environment: with `{PREFIX}SECRETS_DIR=/run/secrets` the file
  `{PREFIX.lower()}rabbitmq_password` holds what `{PREFIX}RABBITMQ_PASSWORD` would. So may every other setting. The
  environment takes precedence.
- Settings that several services read are described once, in a group. If a service has another default, its table says so.
- `iotctl` also takes its settings from a profile ([iotctl.md](iotctl.md)).
- Not in the tables: `{PREFIX}MACHINE_TOKEN` is the option `--token` of `python -m emulator.machine`, and `--controller-token` of
  `python -m emulator`, for development.

| who | reads |
| --- | --- |"""
_TYPES: dict[Any, str] = {
    str: "text",
    SecretStr: "text",
    int: "integer",
    float: "number",
    bool: "`true` or `false`",
}
# How a bound is said, by the name that annotated_types gives it.
_BOUNDS = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


def lines() -> Iterator[str]:
    """The page, line by line."""
    shared = {settings: title for title, settings in SECTIONS if _subclasses(settings)}
    yield from _HEAD.splitlines()
    for title, settings in SECTIONS:
        if settings not in shared:
            groups = [
                f"[{name}](#{_anchor(name)})" for group, name in shared.items() if issubclass(settings, group)
            ]
            own = [f"[its own](#{_anchor(title)})"] if _own(settings) else []
            yield f"| {title} | {', '.join(own + groups)} |"
    for title, settings in SECTIONS:
        fields = _own(settings)
        if not fields:
            continue
        yield from ("", f"## {title}", "")
        yield "| variable | type | default | secret | meaning |"
        yield "| --- | --- | --- | --- | --- |"
        for name, field in fields.items():
            secret = "yes" if field.annotation is SecretStr else ""
            meaning = (field.description or "").replace("|", "\\|")
            yield f"| `{PREFIX}{name.upper()}` | {kind(field)} | {_default(field)} | {secret} | {meaning} |"


def kind(field: FieldInfo) -> str:
    """Its type and bounds, in words: "integer, 1 to 65535"."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(field.annotation))
    words = _TYPES[field.annotation]
    bounds = {name: getattr(one, name) for one in field.metadata for name in _BOUNDS if hasattr(one, name)}
    if {"ge", "le"} <= bounds.keys():
        return f"{words}, {bounds['ge']} to {bounds['le']}"
    return ", ".join(
        [words, *(text.format(bounds[name]) for name, text in _BOUNDS.items() if name in bounds)]
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    assert default is not PydanticUndefined
    return f"`{default}`" if default != "" else "empty"


def _own(settings: type[BaseSettings]) -> dict[str, FieldInfo]:
    """What this class adds to those it is made of, or declares otherwise than they do."""
    return {name: field for name, field in settings.model_fields.items() if name in settings.__annotations__}


def _subclasses(settings: type[BaseSettings]) -> bool:
    return any(issubclass(other, settings) and other is not settings for _, other in SECTIONS)


def _anchor(title: str) -> str:
    """As renderers of Markdown make it of a heading."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


if __name__ == "__main__":
    print("\n".join(lines()))
