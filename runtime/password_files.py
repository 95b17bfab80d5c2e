"""Passwords as files: a folder with one file each, made once at random, readable by their owner alone."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Owner(NamedTuple):
    """Whose a file becomes; only root may give one away."""

    uid: int
    gid: int


class MissingPasswordError(Exception):
    """A password that is needed is not there; a sentence."""


def password() -> str:
    """144 random bits, in letters, digits, - and _."""
    return secrets.token_urlsafe(18)


class PasswordFolder:
    """The passwords of one deployment. A Secret that is mounted is such a folder, too, in which none can be made."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make_missing(self, names: Iterable[str]) -> list[str]:
        """Make those that are missing; their names. OSError where that cannot be."""
        missing = [name for name in names if not (self._path / name).exists()]
        for name in missing:
            write_private(self._path / name, password())
        return missing

    def read(self, name: str) -> str:
        """One password, without a newline at its end. MissingPasswordError where there is none."""
        path = self._path / name
        content = path.read_text().rstrip("\r\n") if path.exists() else ""
        if not content:
            raise MissingPasswordError(f"there is no password in {path}")
        return content


def write_private(path: Path, text: str, owner: Owner | None = None, mode: int = 0o600) -> None:
    """Replace the file at once, readable by its owner alone; left alone where it holds that text. Its folder is made."""
    folder = path.parent
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
    if owner is not None:
        os.chown(folder, *owner)
    if path.exists() and path.read_text() == text and path.stat().st_mode & 0o777 == mode:
        if owner is not None:
            os.chown(path, *owner)
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)  # a password that a server has taken over must not be lost
        if owner is not None:
            os.fchown(descriptor, *owner)
    partial.rename(path)
