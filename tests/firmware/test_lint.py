"""cppcheck and clang-tidy have nothing to say."""

import pytest

from tests.firmware.conftest import Tools


@pytest.mark.timeout(900)
def test_firmware_is_free_of_warnings(tools: Tools) -> None:
    """Every warning of firmware/.clang-tidy and cppcheck is an error; exceptions stand beside the code, with a reason."""
    tools.make("--keep-going", "lint", timeout_s=800)
