"""A file that is either there and whole, or not there."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from ctl.errors import FAILED, USAGE, CtlError


def check(path: Path, suffixes: tuple[str, ...], *, overwrite: bool) -> str:
    """The file's suffix, one of these. CtlError where it cannot be written there, before any work is done."""
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        listed = ", ".join(suffixes[:-1]) + f" or {suffixes[-1]}"
        raise CtlError(f"{path}: the name has to end with {listed}, which says the format", USAGE)
    if path.exists():
        if not path.is_file():
            raise CtlError(f"{path} is no regular file", USAGE)
        if not overwrite:
            raise CtlError(f"{path} exists: choose another name, or --force to replace it", USAGE)
    if not path.parent.is_dir():
        raise CtlError(f"there is no folder {path.parent}", USAGE)
    return suffix


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its name when it is complete; whatever goes wrong, it is removed.

    SIGTERM and SIGHUP end the body as Ctrl-C does. CtlError where it cannot be written, as with a full disk.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with _ended_by_signals(), partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise CtlError(
            f"cannot write {path}: {error.strerror or error}; nothing was left there", FAILED
        ) from error
    except KeyboardInterrupt:
        click.echo(f"\ninterrupted: {path} was not written", err=True)
        raise
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
