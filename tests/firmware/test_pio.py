"""The firmware's own tests, run as `pio test` runs them."""

import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.firmware.conftest import FIRMWARE, Tools

SUITES = sorted(path.name for path in (FIRMWARE / "test").glob("test_*") if path.is_dir())


def read(report: Path) -> dict[str, "ElementTree.Element"]:
    """The suites that ran, by name."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    return {suite.attrib["name"]: suite for suite in suites if int(suite.attrib["tests"])}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("environment", ["native", "native_sanitize"])
def test_firmware_tests_pass(tools: Tools, tmp_path: Path, environment: str) -> None:
    """Every suite ran and passed, also with every access and overflow checked."""
    report = tmp_path / "report.xml"
    command = ("pio", "test", "-e", environment, "--junit-output-path", str(report))
    done = tools.run(*command, timeout_s=800)
    assert done.returncode == 0, done.stdout
    suites = read(report)
    assert sorted(suites) == [f"{environment}:{name}" for name in SUITES]
    for suite in suites.values():
        assert (suite.attrib["failures"], suite.attrib["errors"]) == ("0", "0")


BROKEN = {
    "test_wrong": 'TEST_CASE("wrong") { CHECK(1 + 1 == 3); }',
    "test_outside": 'TEST_CASE("outside") { int* one = new int[1]; volatile int at = 1; CHECK(one[at] + 1 > one[at]); delete[] one; }',
    "test_overflow": 'TEST_CASE("overflow") { volatile int most = 2147483647; most = most + 1; CHECK(true); }',
    "test_foreign": 'TEST_CASE("foreign") { CHECK(undeclared()); }',
    "test_right": 'TEST_CASE("right") { CHECK(1 + 1 == 2); }',
}


@pytest.mark.timeout(600)
def test_firmware_run_with_broken_tests_is_red(tools: Tools, tmp_path: Path) -> None:
    """What is wrong, reads outside, overflows or does not compile fails, and is named; what is right beside it passes."""
    project = tmp_path / "firmware"
    shutil.copytree(FIRMWARE / "tools", project / "tools")
    shutil.copy(FIRMWARE / "platformio.ini", project)
    # the environments name the core; these tests do without, and an empty one is compiled sooner
    (project / "lib/core").mkdir(parents=True)
    (project / "lib/core/library.json").write_text('{"name": "core", "version": "1.0.0"}')
    for name, text in BROKEN.items():
        (project / "test" / name).mkdir(parents=True)
        (project / "test" / name / "test.cpp").write_text(f"#include <doctest.h>\n{text}\n")
    shutil.copy(FIRMWARE / "test/main.cpp", project / "test")
    libraries = shutil.copytree(
        tools.environment["PLATFORMIO_LIBDEPS_DIR"],
        project / "libdeps",
        ignore=shutil.ignore_patterns("*.lock"),
    )
    mine = Tools(
        {
            **tools.environment,
            "PLATFORMIO_BUILD_DIR": str(project / "build"),
            "PLATFORMIO_LIBDEPS_DIR": str(libraries),
        }
    )
    report = project / "report.xml"
    command = ("pio", "test", "-e", "native_sanitize", "--junit-output-path", str(report))
    done = mine.run(*command, folder=project, timeout_s=500)
    assert done.returncode == 1, done.stdout
    suites = read(report)
    broken = {
        name.partition(":")[2]
        for name, suite in suites.items()
        if int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    }
    assert broken == set(BROKEN) - {"test_right"}
    assert "native_sanitize:test_right" in suites
    [wrong] = suites["native_sanitize:test_wrong"]
    assert (wrong.attrib["name"], wrong.attrib["status"]) == ("wrong", "FAILED")
