"""`eval "$(python tools/offline.py)"`: PlatformIO's native environments without its registry.

PlatformIO fetches SCons, the platform `native` and doctest when it first builds. Where its registry cannot be reached,
this lays the three out in .pio-core, from PyPI's SCons and the compiler's own doctest (Debian: doctest-dev), and prints
the variables by which PlatformIO finds them. With a network none of this is needed.
"""

import configparser
import json
import shlex
import sys
from pathlib import Path

import SCons
from platformio.dependencies import get_core_dependencies

PROJECT = Path(__file__).resolve().parent.parent
CORE = PROJECT / ".pio-core"

_SCONS = """\
from SCons.Script import main

main()
"""
_NATIVE = """\
from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
given = {name: env.get(name) for name in ("CFLAGS", "CXXFLAGS")}
for name in ("CC", "CXX"):  # else the tools keep what SCons has found first
    if name in env:
        del env[name]
env.Tool("gcc")
env.Tool("g++")
env.Append(**{name: flags for name, flags in given.items() if flags})  # the tools forget what the project wants
Default([env.BuildProgram()])
"""
_DOCTEST = """\
#pragma once
#include <doctest/doctest.h>
"""


def main() -> int:
    """Lay out what is missing and print the settings; the exit code."""
    major, minor, patch = SCons.__version__.split(".")
    scons = f"4.{major}{int(minor):02}{int(patch):02}.0"  # as the registry numbers it
    _package(CORE / "packages/tool-scons", "tool", "platformio", "tool-scons", scons)
    _write(CORE / "packages/tool-scons/scons.py", _SCONS)
    _package(CORE / "platforms/native", "platform", "platformio", "native", "1.2.1")
    _write(CORE / "platforms/native/builder/main.py", _NATIVE)
    # PlatformIO 6.2 asks for doctest 2.4.12; Debian's 2.4.11 does as well, and goes by that number here
    for environment in _tested():
        doctest = CORE / "libdeps" / environment / "doctest"
        _package(doctest, "library", "doctest", "doctest", "2.4.12")
        _write(doctest / "doctest.h", _DOCTEST)
    wanted = get_core_dependencies()["tool-scons"]
    if wanted.lstrip("~").rpartition(".")[0] != scons.rpartition(".")[0]:
        print(f"offline: PlatformIO wants tool-scons {wanted} and there is {scons}", file=sys.stderr)
        return 1
    for name, value in {
        "PLATFORMIO_CORE_DIR": str(CORE),
        "PLATFORMIO_LIBDEPS_DIR": str(CORE / "libdeps"),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "3650",
        "PLATFORMIO_SETTING_CHECK_PRUNE_SYSTEM_THRESHOLD": "0",
    }.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _tested() -> list[str]:
    """The environments that use doctest."""
    project = configparser.ConfigParser(interpolation=None)
    project.read(PROJECT / "platformio.ini")
    return [
        name.partition(":")[2]
        for name in project.sections()
        if name.startswith("env:") and project[name].get("platform", "native") == "native"
    ]


def _package(folder: Path, kind: str, owner: str, name: str, version: str) -> None:
    """The two files by which PlatformIO takes a folder for an installed package."""
    manifest = {"tool": "package.json", "platform": "platform.json", "library": "library.json"}[kind]
    described: dict[str, object] = {
        "name": name,
        "version": version,
        "description": f"{name}, laid out locally",
    }
    if kind == "platform":
        described |= {"title": name, "engines": {"platformio": "^6"}, "boards": {}, "packages": {}}
    spec = {"owner": owner, "id": None, "name": name, "requirements": None, "uri": None}
    _write(folder / manifest, json.dumps(described, indent=2))
    _write(
        folder / ".piopm",
        json.dumps({"type": kind, "name": name, "version": version, "spec": spec}, indent=2),
    )


def _write(path: Path, text: str) -> None:
    """Only what has changed: what is built from it is built anew otherwise."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
