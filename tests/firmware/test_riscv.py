"""The core on a 32-bit processor: programs for rv32imc, run in QEMU."""

import pytest

from tests.firmware.conftest import FIRMWARE, Tools

PROGRAMS = ("core",)  # by name, so that none vanishes unnoticed


def test_riscv_programs_are_all_listed() -> None:
    """A program that is added is run here; one that vanishes is missed."""
    assert sorted(PROGRAMS) == sorted(path.stem for path in (FIRMWARE / "riscv").glob("*.cpp"))


@pytest.mark.timeout(600)
def test_riscv_programs_end_well(tools: Tools) -> None:
    """Each is compiled with all warnings as errors, linked, run, and ends with exit code 0."""
    said = tools.make("--keep-going", "riscv", timeout_s=500)
    ran = [line.removeprefix("riscv ") for line in said.splitlines() if line.startswith("riscv ")]
    assert sorted(ran) == sorted(PROGRAMS)
