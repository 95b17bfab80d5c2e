"""What was generated is what the generator makes of the contract."""

import importlib.metadata
import re
from pathlib import Path

from stack.servers import REPOSITORY
from tests.firmware.conftest import FIRMWARE, Tools


def test_generated_code_is_of_the_contract(tools: Tools, tmp_path: Path) -> None:
    """A change of proto/ comes with firmware/lib/proto made anew; each bound in sensor.options names a field."""
    command = "nanopb_generator -q -I proto --error-on-unmatched proto/sensor.proto -D".split()
    made = tools.run(*command, str(tmp_path), folder=REPOSITORY)
    assert made.returncode == 0, made.stdout
    for name in ("sensor.pb.c", "sensor.pb.h"):
        assert (FIRMWARE / "lib/proto" / name).read_text() == (tmp_path / name).read_text(), "make proto"


def test_runtime_is_the_generators(tools: Tools) -> None:
    """nanopb's generator and runtime are of one version: they share structures."""
    text = (FIRMWARE / "lib/nanopb/pb.h").read_text()
    version = re.search(r'NANOPB_VERSION "nanopb-([^"]+)"', text)
    assert version is not None
    assert version[1] == importlib.metadata.version("nanopb")
