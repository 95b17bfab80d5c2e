"""The firmware's tools: compilers, checkers and an emulator of Debian, run under bubblewrap from a root of their own.

A tool is a small script (stack.tool_scripts). What it builds runs on the machine directly, since it is linked to find its
loader and libraries in the root.
"""

import shlex
from pathlib import Path

from stack import cache
from stack.apt import Say
from stack.cache import DOCUMENTATION, Root
from stack.tool_scripts import ensure_folder, loader, script

ROOT = Root(
    name="toolchain",
    what="the firmware's tools",
    layout="1",
    packages=tuple(
        "g++ libmosquitto-dev doctest-dev clang-19 libclang-rt-19-dev clang-tidy-19 cppcheck "
        "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-riscv base-files bubblewrap".split()
    ),
    # needed by maintainer scripts, which never run here, for 32-bit programs, or by tools that nobody calls
    unused=tuple(
        "adduser passwd login base-passwd debconf dpkg perl libperl python3 libpython3 media-types clang-tools tzdata "
        "libc6-i386 lib32 libc6-dev-i386 libobjc libgc1 libtsan libhwasan libgprofng opensbi tar_ libnss3 libnspr4 "
        "openssl-provider-legacy".split()
    ),
    excluded=(
        *DOCUMENTATION,
        "*/riscv64-unknown-elf/*/rv64*",
        "*/riscv64-unknown-elf/*/rv32[ei]",
        "*/riscv64-unknown-elf/*/rv32[ei]a*",
        "*/riscv64-unknown-elf/*/rv32[ei]f*",
        "*/riscv64-unknown-elf/*/rv32em*",
        "*/riscv64-unknown-elf/*/rv32im[af]*",
        "*/riscv64-unknown-elf/lib/release",
        "*/riscv64-unknown-elf/include/release",
        "*/gcc/*/plugin",
        "*/lto1",
        "*/bin/*lto-dump*",
    ),
    unpacked_bytes=800_000_000,
    least_free_bytes=2_000_000_000,
)
_NATIVE = {
    "c++": "g++",
    "cc": "gcc",
    "clang": "clang-19",
    "clang++": "clang++-19",
    "clang-tidy": "clang-tidy-19",
}
_NAMES = (
    *"g++ gcc cpp ar ranlib nm objcopy objdump size strip gcc-ar gcc-ranlib gcc-nm gcov cppcheck qemu-system-riscv32".split(),
    *(f"riscv64-unknown-elf-{name}" for name in "g++ gcc ar ranlib nm objcopy objdump size strip".split()),
)


# GCC takes any -Wl for a file to link: `gcc -v` would try to
_SPECS = """\
*link:
+ --dynamic-linker {loader} -rpath {libraries} --disable-new-dtags
"""


def ensure(say: Say) -> Path:
    """The folder to put first on PATH, made where it is missing. StackError if impossible."""
    return ensure_folder("toolchain-bin", _scripts(cache.ensure_root(say, ROOT)))


def _scripts(root: Path) -> dict[str, str]:
    found = loader(root)
    # an old-style rpath also serves the libraries of libraries
    gcc = '"-specs=${0%/*}/gcc.specs" '
    linked = shlex.quote(f"-Wl,--dynamic-linker={found},-rpath={found.parent},--disable-new-dtags")
    clang = f"{linked} -Wno-unused-command-line-argument "
    options = dict.fromkeys(("gcc", "g++", "cc", "c++"), gcc) | dict.fromkeys(("clang", "clang++"), clang)
    scripts = {
        name: script(root, f"/usr/bin/{_NATIVE.get(name, name)}", options.get(name, ""))
        for name in (*_NAMES, *_NATIVE)
    }
    return {**scripts, "gcc.specs": _SPECS.format(loader=found, libraries=found.parent)}
