"""Programs of a root as small scripts: to whoever calls one it is the program.

A program sees its own /usr, /lib and /etc, and everything else of the machine as it is. Nothing of the machine's
libraries is used: they may be older than the program.
"""

import hashlib
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stack import cache

_SCRIPT = """\
#!/bin/sh
# Made by stack/tool_scripts.py: Debian's {name}, with the rest of this machine around it.
unset LD_LIBRARY_PATH LD_PRELOAD
set -- {program} {options}"$@"
for folder in /*/; do
  folder=${{folder%/}}
  case $folder in
    /usr | /bin | /sbin | /lib* | /etc | /dev | /proc) ;;
    *) set -- --bind-try "$folder" "$folder" "$@" ;;
  esac
done
exec {loader} --library-path {libraries} {root}/usr/bin/bwrap \\
  --unshare-user --die-with-parent --dev-bind /dev /dev {processes} \\
  --ro-bind {root}/usr /usr --ro-bind {root}/etc /etc \\
  --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64 "$@"
"""


def loader(root: Path) -> Path:
    """The root's own; its libraries lie beside it."""
    [found] = root.glob("usr/lib/*-linux-gnu/ld-linux-*")
    return found


def script(root: Path, program: str, options: str = "", *, own_processes: bool = False) -> str:
    """Runs `program`, a path in the root, with these words of shell before its arguments.

    Where its processes are its own, it sees no others, and none of them outlives it.
    """
    return _SCRIPT.format(
        name=Path(program).name,
        program=program,
        options=options,
        processes="--unshare-pid --as-pid-1 --proc /proc" if own_processes else "--bind /proc /proc",
        root=shlex.quote(str(root)),
        loader=shlex.quote(str(loader(root))),
        libraries=shlex.quote(str(loader(root).parent)),
    )


def ensure_folder(name: str, files: Mapping[str, str]) -> Path:
    """A folder of the cache with exactly these files, executable: another one when they change."""
    key = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]
    folder = cache.folder() / f"{name}-{key}"
    if not folder.is_dir():
        _write(files, folder, name)
    return folder


def _write(files: Mapping[str, str], folder: Path, name: str) -> None:
    partial = Path(tempfile.mkdtemp(prefix=f"{name}-", suffix=".partial", dir=folder.parent))
    partial.chmod(0o755)
    for file, text in files.items():
        (partial / file).write_text(text)
        (partial / file).chmod(0o755)
    try:
        partial.rename(folder)
    except OSError:
        shutil.rmtree(partial)  # another checkout has just made the same
