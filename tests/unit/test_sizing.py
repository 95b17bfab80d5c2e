"""The sizes of docs/scaling.md: the arithmetic, the costs that it begins with, and that the page has what it says."""

import re
from pathlib import Path

import pytest
import yaml

from bench import sizing

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = (f"<!-- made by python -m bench.sizing: {word} -->\n" for word in ("begin", "end"))


def test_page_has_the_tables_as_they_are_computed() -> None:
    """Whoever changes a cost makes the tables anew."""
    page = (ROOT / "docs/scaling.md").read_text()
    assert page.partition(BEGIN)[2].partition(END)[0].strip() == sizing.document().strip()


def test_costs_on_the_page_are_those_of_the_tables() -> None:
    """Said for readers, beside what is computed from them."""
    lines = (ROOT / "docs/scaling.md").read_text().partition("| µs of a core |")[2].splitlines()
    parts, _, message, sample = ([cell.strip() for cell in line.split("|")[-7:-1]] for line in lines[:4])
    assert dict(zip(parts, message, strict=True)) == {
        **{part: f"{cost:g}" for part, cost in sizing.MESSAGE_US.items()},
        "alarms": "",
    }
    assert {part: float(cost) for part, cost in zip(parts, sample, strict=True)} == {
        **sizing.SAMPLE_US,
        "alarms": sizing.ALARMS_US_A_SAMPLE,
    }


def test_a_thousand_sensors_at_three_kilohertz_by_hand() -> None:
    """1,000 messages/s of 3,000 samples: each part's two costs, and three rows a message."""
    need = sizing.need(sizing.LOADS[0], 1_000)
    assert (need.messages_per_s, need.samples_per_s) == (1_000, 3_000_000)
    assert need.cores["Mosquitto"] == pytest.approx((25 + 18) * 1e-3)
    assert need.cores["ingest"] == pytest.approx((18 + 135) * 1e-3)
    assert need.cores["PostgreSQL"] == pytest.approx((15 + 342) * 1e-3)
    assert need.cores["alarms"] == pytest.approx(1.35)
    assert (need.bridges, need.ingesters, need.alarms, need.partitions) == (1, 1, 3, 4)
    assert need.disk_bytes_a_day == pytest.approx(3e6 * 6.8 * 86_400)
    assert not need.mosquitto_outgrown


def test_chain_as_it_was_measured_fits_the_costs() -> None:
    """5,716 messages/s of 1,000 samples on two cores, the emulated sensors included, which take the rest."""
    load = sizing.Load("", 1, 1_000, 1.0, 1_000.0)
    need = sizing.need(load, 5_716)
    backend = sum(cores for part, cores in need.cores.items() if part != "alarms")
    assert 1.2 < backend < 2.0


def test_never_more_replicas_than_partitions() -> None:
    """One that has no partition has nothing to do."""
    for load in sizing.LOADS:
        for sensors in sizing.FLEETS:
            need = sizing.need(load, sensors)
            assert max(need.ingesters, need.alarms) <= need.partitions


def test_outgrown_mosquitto_is_bold() -> None:
    """Where it needs more of its one core than it should."""
    lines = sizing.table(sizing.LOADS[0])
    [row] = [line for line in lines if line.startswith("| Mosquitto, cores")]
    assert row.count("**") == 4  # of 100,000 and 1,000,000


def test_figures_of_the_page_are_on_a_dashboard() -> None:
    """What tells that something is short can be looked at."""
    page = (ROOT / "docs/scaling.md").read_text().partition("## Sizes")[0]
    figures = set(re.findall(r"`((?:bridge|ingest|alarms|process)_[a-z_]+)`", page))
    shown = "".join(file.read_text() for file in (ROOT / "grafana").glob("pipeline*.py"))
    assert len(figures) >= 8
    assert [figure for figure in figures if figure not in shown] == []


def test_values_of_the_page_are_the_charts() -> None:
    """A value that is renamed is renamed here, too."""
    page = (ROOT / "docs/scaling.md").read_text().partition("## Sizes")[0]
    values = yaml.safe_load((ROOT / "helm/sensor-streaming/values.yaml").read_text())
    named = re.findall(
        r"`((?:bridge|ingest|alarms|stream|maintenance|rabbitmq|database)(?:\.[a-zA-Z]+)+)`", page
    )
    assert len(named) >= 13
    for path in named:
        found = values
        for key in path.split("."):
            assert key in found, path
            found = found[key]
