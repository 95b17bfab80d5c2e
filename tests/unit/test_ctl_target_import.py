"""Files of targets: what is read, and that every mistake is named with its place and field."""

from pathlib import Path

import pytest

from ctl.errors import CtlError
from ctl.target_import import parse_csv, parse_toml, read_file

TOML = """
[[target]]
name = "Pump 1"
group = 2
support = "rigid"
power = 15
speed = 1480
shaft_height = 160
bearing = { bpfi = 5.4152, bpfo = 3.5848, bsf = 2.3567, ftf = 0.39828 }
sensors = ["pump-0001", "pump-0002"]

[[target]]
name = "Bridge 7"
latitude = 48.137
longitude = 11.575
description = "main span"
"""
CSV = """name,group,support,power,speed,shaft_height,bearing,sensors,latitude,longitude,description
Pump 1,2,rigid,15,1480,160,"bpfi=5.4152,bpfo=3.5848,bsf=2.3567,ftf=0.39828",pump-0001 pump-0002,,,

Bridge 7,,,,,,,,48.137,11.575,main span
"""


def test_toml_and_csv_of_the_same_targets_read_the_same() -> None:
    """Fields by their columns, sensors in order, only what is given."""
    from_toml, from_csv = parse_toml(TOML, "f"), parse_csv(CSV, "f")
    assert [entry._replace(where="") for entry in from_toml] == [
        entry._replace(where="") for entry in from_csv
    ]
    pump, bridge = from_toml
    assert pump.values["machine_group"] == 2
    assert pump.values["bearing"] == {
        "frequencies": {"bpfi": 5.4152, "bpfo": 3.5848, "bsf": 2.3567, "ftf": 0.39828}
    }
    assert pump.sensors == ("pump-0001", "pump-0002")
    assert bridge.values == {"latitude": 48.137, "longitude": 11.575, "description": "main span"}


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ('name = "A"\ngroup = 5', "target 1: group: 5 is none of"),
        ('name = "A"\ngroup = true', "target 1: group"),
        ('name = "A"\nspeed = 0', "target 1: speed"),
        ('name = "A"\nspeed = nan', "target 1: speed"),
        ('name = "A"\npower = "much"', "target 1: power"),
        ('name = "A"\nsupport = "soft"', "target 1: support"),
        ('name = "A"\nlatitude = 91', "target 1: latitude"),
        ('name = "A"\nsped = 3', "target 1: sped: unknown"),
        ('name = "A"\nbearing = "bpfi=1"', "target 1: bearing: bpfo, bsf, ftf is missing"),
        ('name = "A"\nsensors = ["a b"]', "target 1: sensors"),
        ('name = "A"\nsensors = "a"', "target 1: sensors: a list"),
        ("speed = 3", "target 1: name: missing"),
        ('name = "  "', "target 1: name"),
        ('name = "A\\nB"', "target 1: name"),
        ('name = "A"\n[[target]]\nname = "A"', "target 2: name: 'A' is also that of target 1"),
        (
            'name = "A"\nsensors = ["s"]\n[[target]]\nname = "B"\nsensors = ["s"]',
            "target 2: sensors: s sits on target 1",
        ),
    ],
)
def test_parse_toml_names_entry_and_field_of_a_mistake(table: str, wrong: str) -> None:
    """And imports nothing."""
    with pytest.raises(CtlError) as refused:
        parse_toml(f"[[target]]\n{table}", "plant.toml")
    assert f"plant.toml {wrong}" in refused.value.message
    assert refused.value.exit_code == 2


def test_parse_toml_names_all_mistakes_up_to_a_bound() -> None:
    """One run shows what there is to mend."""
    with pytest.raises(CtlError) as refused:
        parse_toml("\n".join(f'[[target]]\nname = "A{i}"\ngroup = 9' for i in range(30)), "plant.toml")
    assert "target 20: group" in refused.value.message
    assert "target 21: group" not in refused.value.message
    assert "and 10 more" in refused.value.message


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("name,speed\nA,1480\nB,fast\n", "line 3: speed"),
        ("name,speed\nA\n", "line 2: 1 cells"),
        ("name,name\nA,B\n", "line 1: a column comes twice"),
        ("name,colour\nA,red\n", "line 2: colour: unknown"),
        ('name\n"A\n', "line 2"),
        ("name\n", "names no targets"),
        ("", "names no targets"),
    ],
)
def test_parse_csv_names_the_line_of_a_mistake(text: str, wrong: str) -> None:
    """As an editor counts them."""
    with pytest.raises(CtlError, match=wrong):
        parse_csv(text, "plant.csv")


def test_read_file_refuses_other_files_and_reads_what_a_spreadsheet_writes(tmp_path: Path) -> None:
    """A byte order mark and Windows' line ends are no mistakes."""
    with pytest.raises(CtlError, match=r"\.toml or \.csv"):
        read_file(_written(tmp_path / "plant.yaml", b"a: 1"))
    with pytest.raises(CtlError, match="UTF-8"):
        read_file(_written(tmp_path / "plant.csv", b"\xff\xfe"))
    with pytest.raises(CtlError, match="cannot read"):
        read_file(tmp_path / "absent.csv")
    with pytest.raises(CtlError, match="larger than"):
        read_file(_written(tmp_path / "large.csv", b"x" * 5_000_001))
    [entry] = read_file(_written(tmp_path / "sheet.csv", b"\xef\xbb\xbfname,speed\r\nA,990\r\n"))
    assert (entry.name, entry.values) == ("A", {"speed_rpm": 990.0})


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
