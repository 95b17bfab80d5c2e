"""A root of a cache whose programs say how they were called, in the place of Debian's packages and bubblewrap."""

import subprocess
from pathlib import Path

import pytest

from stack import cache
from stack.apt import Say
from stack.cache import Root

LOADER = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"


def make(folder: Path, wanted: Root, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its loader prints what it is called with, a word a line, and ends with 7. The cache's path has a space."""
    made = folder / "the cache/root"
    (made / LOADER).parent.mkdir(parents=True)
    (made / LOADER).write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n')
    (made / LOADER).chmod(0o755)

    def ensure_root(say: Say, asked: Root) -> Path:
        assert asked is wanted
        return made

    monkeypatch.setattr(cache, "ensure_root", ensure_root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "the cache"))
    cache.folder().mkdir()
    return made


def call(tool: Path, *arguments: str) -> list[str]:
    """The words that the loader got."""
    done = subprocess.run([tool, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 7, "the exit code is the tool's"
    return done.stdout.splitlines()
