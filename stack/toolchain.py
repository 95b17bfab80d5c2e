"""The firmware's tools: compilers, checkers and an emulator of Debian, run under bubblewrap from a root of their own.

A tool is a small script: it sees its own /usr, /lib and /etc, and everything else of the machine as it is. What it
builds runs on the machine directly, since it is linked to find its loader and libraries in the root.
"""

import hashlib
import shlex
import shutil
import tempfile
from pathlib import Path

from stack import cache
from stack.apt import Say
from stack.cache import DOCUMENTATION, Root

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
_SCRIPT = """\
#!/bin/sh
# Made by stack/toolchain.py: Debian's {tool}, with the rest of this machine around it.
unset LD_LIBRARY_PATH LD_PRELOAD
set -- /usr/bin/{tool} {options}"$@"
for folder in /*/; do
  folder=${{folder%/}}
  case $folder in
    /usr | /bin | /sbin | /lib* | /etc | /dev | /proc) ;;
    *) set -- --bind-try "$folder" "$folder" "$@" ;;
  esac
done
exec {loader} --library-path {libraries} {root}/usr/bin/bwrap \\
  --unshare-user --die-with-parent --dev-bind /dev /dev --bind /proc /proc \\
  --ro-bind {root}/usr /usr --ro-bind {root}/etc /etc \\
  --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64 "$@"
"""


# GCC takes any -Wl for a file to link: `gcc -v` would try to
_SPECS = """\
*link:
+ --dynamic-linker {loader} -rpath {libraries} --disable-new-dtags
"""


def ensure(say: Say) -> Path:
    """The folder to put first on PATH, made where it is missing. StackError if impossible."""
    root = cache.ensure_root(say, ROOT)
    scripts = _scripts(root)
    key = hashlib.sha256(repr(sorted(scripts.items())).encode()).hexdigest()[:12]
    folder = cache.folder() / f"toolchain-bin-{key}"
    if not folder.is_dir():
        _write(scripts, folder)
    return folder


def _scripts(root: Path) -> dict[str, str]:
    [loader] = root.glob("usr/lib/*-linux-gnu/ld-linux-*")
    where = {"loader": str(loader), "libraries": str(loader.parent), "root": str(root)}
    quoted = {name: shlex.quote(path) for name, path in where.items()}
    # an old-style rpath also serves the libraries of libraries
    gcc = '"-specs=${0%/*}/gcc.specs" '
    linked = shlex.quote(f"-Wl,--dynamic-linker={loader},-rpath={loader.parent},--disable-new-dtags")
    clang = f"{linked} -Wno-unused-command-line-argument "
    options = dict.fromkeys(("gcc", "g++", "cc", "c++"), gcc) | dict.fromkeys(("clang", "clang++"), clang)
    scripts = {
        name: _SCRIPT.format(tool=_NATIVE.get(name, name), options=options.get(name, ""), **quoted)
        for name in (*_NAMES, *_NATIVE)
    }
    return {**scripts, "gcc.specs": _SPECS.format(**where)}


def _write(scripts: dict[str, str], folder: Path) -> None:
    partial = Path(tempfile.mkdtemp(prefix="toolchain-bin-", suffix=".partial", dir=folder.parent))
    partial.chmod(0o755)
    for name, text in scripts.items():
        (partial / name).write_text(text)
        (partial / name).chmod(0o755)
    try:
        partial.rename(folder)
    except OSError:
        shutil.rmtree(partial)  # another checkout has just made the same
