"""The tools as scripts around bubblewrap: to whoever calls them they are the tools."""

import subprocess
from pathlib import Path

import pytest

from tests.firmware.conftest import Tools

PROGRAM = """
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
int main(int count, char** arguments) {
  std::thread([] {}).join();
  std::puts((std::string(arguments[1]) + std::getenv("ALSO")).c_str());
  int* some = new int[2];
  const int read = count > 2 ? some[count] : 3;
  delete[] some;
  return read;
}
"""


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("sanitizers", [[], ["-fsanitize=address,undefined"]], ids=["plain", "sanitized"])
def test_program_runs_on_the_machine(
    tools: Tools, tmp_path: Path, compiler: str, sanitizers: list[str]
) -> None:
    """What is compiled in a folder, from a file with a space in its name, runs as any program does."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "a program.cpp").write_text(PROGRAM)
    built = tools.run(compiler, *sanitizers, "a program.cpp", "-o", "a program", "-pthread", folder=folder)
    assert (built.returncode, built.stdout) == (0, "")
    ran = subprocess.run(
        [folder / "a program", "one "], env={"ALSO": "two"}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, "one two\n", "")


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_sanitizer_finds_what_is_wrong(tools: Tools, tmp_path: Path, compiler: str) -> None:
    """A read outside ends the program and says what it was: the sanitisers work in what these compilers build."""
    (tmp_path / "program.cpp").write_text(PROGRAM)
    built = tools.run(compiler, "-g", "-fsanitize=address", "program.cpp", "-o", "program", folder=tmp_path)
    assert (built.returncode, built.stdout) == (0, "")
    ran = subprocess.run(
        [tmp_path / "program", "one ", "x"], env={"ALSO": "two"}, capture_output=True, text=True, check=False
    )
    assert ran.returncode != 0
    assert "heap-buffer-overflow" in ran.stderr


def test_compiler_fails_as_a_compiler_does(tools: Tools, tmp_path: Path) -> None:
    """Its exit code and its message reach the caller."""
    (tmp_path / "wrong.cpp").write_text("int wrong = nowhere;\n")
    done = tools.run("g++", "-c", "wrong.cpp", folder=tmp_path)
    assert done.returncode == 1
    assert "'nowhere' was not declared" in done.stdout


def test_compiler_reads_what_it_is_piped(tools: Tools, tmp_path: Path) -> None:
    """Standard input and output are the caller's."""
    done = subprocess.run(
        ["g++", "-E", "-P", "-xc++", "-"],
        env=tools.environment,
        input="#define NAME value\nNAME\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "value\n"
