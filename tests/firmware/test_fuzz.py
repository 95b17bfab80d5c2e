"""Random input to everything that reads bytes from outside: no crash, no wrong access, no undefined behaviour."""

import pytest

from tests.firmware.conftest import FIRMWARE, Tools

TARGETS = ("command", "console", "nmea", "spool")  # by name, so that none vanishes unnoticed


def test_fuzz_targets_are_all_listed() -> None:
    """A target that is added is run here; one that vanishes is missed."""
    assert sorted(TARGETS) == sorted(path.stem for path in (FIRMWARE / "fuzz").glob("*.cpp"))


@pytest.mark.timeout(900)
def test_fuzz_targets_find_nothing(tools: Tools) -> None:
    """Each for a few seconds, from the inputs in fuzz/corpus; found inputs are kept in build/ for the next run."""
    said = tools.make("--keep-going", "SECONDS=10", "fuzz", timeout_s=800)
    assert said.count("stat::number_of_executed_units") == len(TARGETS)
