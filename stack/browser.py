"""A browser for the tests of the page: Debian's Chromium without a display, run under bubblewrap from a root of its own.

It is a small script (stack.tool_scripts), which Playwright starts in the place of a browser that it would have
downloaded itself: `executable_path=browser.ensure(print)`, with --no-sandbox, since bubblewrap is around it already.
"""

from pathlib import Path

from stack import cache
from stack.apt import Say
from stack.cache import DOCUMENTATION, Root
from stack.tool_scripts import ensure_folder, script

ROOT = Root(
    name="browser",
    what="the browser",
    layout="1",
    packages=(
        "chromium-headless-shell",
        "fonts-dejavu-core",
        "fontconfig-config",
        "base-files",
        "bubblewrap",
    ),
    # for graphics cards, windows, and maintainer scripts
    unused=tuple(
        "libllvm libz3-4 mesa-libgallium libgl1-mesa libvulkan1 x11-utils xkb-data xdg-utils debconf mawk".split()
    ),
    excluded=(
        *DOCUMENTATION,
        "./usr/share/X11",
        "*/gconv",
        "*/chromium/libVk*",
        "*/chromium/chrome_crashpad_handler",
    ),
    unpacked_bytes=300_000_000,
    least_free_bytes=700_000_000,
)
_PROGRAM = "/usr/lib/chromium/chromium-headless-shell"


def ensure(say: Say) -> Path:
    """The browser's executable, fetched where it is missing. StackError if impossible."""
    root = cache.ensure_root(say, ROOT)
    return ensure_folder("browser-bin", {"chromium": script(root, _PROGRAM, own_processes=True)}) / "chromium"
