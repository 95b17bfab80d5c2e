"""What a page may ask for, and what it is told where it may not."""

import json
from typing import Any

import pytest

from web.watch import Watch, WatchError, parse

GOOD: dict[str, Any] = {
    "serial_number": "pump-1", "channels": [0, 1, 2], "span_s": 10, "columns": 800, "spectrum": True,
}  # fmt: skip


def test_parse_gives_what_is_watched_or_nothing() -> None:
    """Unknown fields are for versions to come."""
    watch = parse(json.dumps({"watch": {**GOOD, "colour": "red"}}))
    assert watch == Watch(serial_number="pump-1", channels=(0, 1, 2), span_s=10.0, columns=800, spectrum=True)
    assert parse('{"watch": null}') is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("serial_number", "a/b"),
        ("serial_number", ""),
        ("serial_number", "pump-1\n"),
        ("serial_number", "x" * 33),
        ("serial_number", None),
        ("channels", []),
        ("channels", list(range(9))),
        ("channels", [1, 1]),
        ("channels", [-1]),
        ("channels", [256]),
        ("channels", [0.5]),
        ("channels", 3),
        ("span_s", 0.09),
        ("span_s", 3601),
        ("span_s", float("nan")),
        ("columns", 4001),
        ("columns", 19),
        ("columns", "many"),
    ],
)
def test_parse_of_what_may_not_be_asked_names_the_field(field: str, value: object) -> None:
    """Bounds are the server's: a page that asks for more gets a sentence."""
    with pytest.raises(WatchError, match=field):
        parse(json.dumps({"watch": {**GOOD, field: value}}))


@pytest.mark.parametrize("text", ["", "nothing", "[]", "{}", '{"watch": 3}', "null", "[" * 5000])
def test_parse_of_something_else_is_an_error(text: str) -> None:
    """Whatever comes."""
    with pytest.raises(WatchError):
        parse(text)
