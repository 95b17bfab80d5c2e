"""The adapters in firmware/src compile: not against ESP-IDF, but against declarations of what they use of it."""

from pathlib import Path

import pytest

from tests.firmware.conftest import BUILD, FIRMWARE, Tools

BOARDS = ("esp32", "esp32c3", "esp32c3_usb")


@pytest.mark.timeout(300)
def test_adapters_compile_for_each_board(tools: Tools) -> None:
    """Every file, with warnings as errors: what changes in lib/ does not leave src/ behind."""
    tools.make("--keep-going", "adapters", timeout_s=240)
    for board in BOARDS:
        compiled = {
            stamp.name.removesuffix(".ok") for stamp in (BUILD / "adapters" / board / "src").iterdir()
        }
        assert {path.name for path in (FIRMWARE / "src").glob("*.cpp")} <= compiled


@pytest.mark.parametrize("board", BOARDS)
def test_wrong_adapter_is_noticed(tools: Tools, tmp_path: Path, board: str) -> None:
    """A wrong argument, or a format that does not fit: the check is none that lets everything pass."""
    wrong = tmp_path / "wrong.cpp"
    for call, why in (
        ("esp_wifi_set_ps(WIFI_MODE_STA);", "cannot convert"),
        ('ESP_LOGE("a", "%s", 1);', "format"),
    ):
        wrong.write_text(f'#include "esp_log.h"\n#include "esp_wifi.h"\nvoid f() {{ {call} }}\n')
        said = tools.run("make", f"BUILD={tmp_path}", f"{tmp_path}/adapters/{board}/{wrong}.ok", timeout_s=60)
        assert said.returncode != 0
        assert why in said.stdout
