"""The core on a 32-bit processor: programs for rv32imc, run in QEMU, and what they may cost."""

import re

import pytest

from tests.firmware.conftest import FIRMWARE, Tools
from wire.codec import decode_measurements
from wire.sensor_pb2 import Measurements

PROGRAMS = ("core",)  # by name, so that none vanishes unnoticed

# An ESP32-C3 runs 160 million instructions/s and has 400 kB of RAM. Budgets are a third above what was measured
# (docs/firmware.md): instructions are counted, not timed, so they are the same on every machine.
BUDGETS = {
    "live_100_hz.instructions_per_batch": 340_000,
    "live_1000_hz.instructions_per_batch": 460_000,
    "live_26600_hz.instructions_per_1000_samples": 49_000,  # 3 channels: 2.4 % of the processor
    "outage_1000_hz.instructions_per_batch": 570_000,
    "stack_bytes": 3_072,
    "ram.sensor": 20_480,
}
CODE_BYTES = 84_000


@pytest.fixture(scope="module")
def figures(tools: Tools) -> dict[str, str]:
    """What riscv/core.cpp said: `name value` lines, and `bytes NAME HEX` under "bytes NAME"."""
    said = tools.make("riscv-core", timeout_s=500)
    return dict(
        line.rsplit(" ", 1) for line in said.splitlines() if re.fullmatch(r"(bytes )?[\w.]+ \w+", line)
    )


def test_riscv_programs_are_all_listed() -> None:
    """A program that is added is run here; one that vanishes is missed."""
    assert sorted(PROGRAMS) == sorted(path.stem for path in (FIRMWARE / "riscv").glob("*.cpp"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUDGETS)
def test_core_stays_within_its_budget(figures: dict[str, str], name: str) -> None:
    """Instructions, stack and memory."""
    value = int(figures[name])
    print(f"{name} {value}")
    assert 0 < value <= BUDGETS[name]


def test_code_stays_within_its_budget(tools: Tools) -> None:
    """All of the core with nanopb and the contract, as an archive: a linker takes what is used."""
    [total] = [line for line in tools.make("sizes").splitlines() if line.endswith("(TOTALS)")]
    text_bytes = int(total.split()[0])
    print(f"code {text_bytes} bytes")
    assert 20_000 < text_bytes <= CODE_BYTES


@pytest.mark.parametrize("name", ["live_100_hz", "live_1000_hz", "live_26600_hz"])
def test_bytes_on_the_wire_a_sample(figures: dict[str, str], name: str) -> None:
    """Two bytes a sample, and a tenth of one for everything else, at a second a batch."""
    assert 2_000 < int(figures[f"{name}.bytes_per_1000_samples"]) < 2_250


def test_batch_made_there_is_what_python_would_have_written(figures: dict[str, str]) -> None:
    """Byte for byte, and its samples are those of the source."""
    payload = bytes.fromhex(figures["bytes batch"])
    message = Measurements.FromString(payload)
    assert message.SerializeToString(deterministic=True) == payload
    batch = decode_measurements(payload, message.start_time_ns + 10**9)
    assert batch.sample_frequency_hz == 100.0
    assert batch.sample_count == 100
    assert len(batch.channels) == 3
    counts = message.channels[1].counts
    # the source copies at most one step of 10 ms at a time, each from the table's beginning: 1 frame of 3 channels
    first = int.from_bytes(counts[:2], "little", signed=True)
    assert first == (2_654_435_761 >> 16) - 2**16
