"""Links of the documentation: as files of the repository lie, and as pages of the site do."""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

# Pages of the repository's root, and where the site has them.
ROOT_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
DOCS = "docs/"
SOURCE = "source/"
_FENCE = re.compile(r"^\s*(```+|~~~+)")
# A code span, which is left alone, or the target of a link or picture within the repository.
_LINK = re.compile(
    r"(?P<code>(?P<ticks>`+).*?(?P=ticks))|(?<=\]\()(?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?(?=[)\s])"
)
# What links to a folder says, without the link: the site has no page for it.
_FOLDER = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<path>[^)#\s:]+)\)")
# A link that is called as its file: the site has a title for it.
_FILE_NAME = re.compile(r"\[[\w./-]+\.md\](?=\((?P<path>[^)#\s:]+\.md)(?:#[^)\s]*)?\))")
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def place(path: str) -> str:
    """Where the site has a file of the repository."""
    if path in ROOT_PAGES:
        return ROOT_PAGES[path]
    if path.startswith(DOCS):
        return path.removeprefix(DOCS)
    return f"{SOURCE}{path.lstrip('.')}" + ("" if path.endswith(".md") else ".md")


def targets(path: str, text: str) -> set[str]:
    """The files and folders of the repository that a page links to, whether they exist or not."""
    found: set[str] = set()

    def seen(link: re.Match[str]) -> str:
        found.add(_absolute(path, link["path"]))
        return link[0]

    _each_line(text, lambda line: _LINK.sub(lambda link: link[0] if link["code"] else seen(link), line))
    return found


def move_links(path: str, text: str, root: Path) -> str:
    """The text with links as the site has them. One that leads nowhere stays, for the generator to find."""
    here = posixpath.dirname(place(path)) or "."

    def moved(link: re.Match[str]) -> str:
        target = _absolute(path, link["path"])
        if not (root / target).is_file():
            return link[0]
        return posixpath.relpath(place(target), here) + (link["anchor"] or "")

    def without_folders(link: re.Match[str]) -> str:
        return link["text"] if (root / _absolute(path, link["path"])).is_dir() else link[0]

    def titled(link: re.Match[str]) -> str:
        file = root / _absolute(path, link["path"])
        title = _TITLE.search(file.read_text()) if file.is_file() else None
        return f"[{title[1]}]" if title else link[0]

    def line_moved(line: str) -> str:
        row = line.startswith("|")
        line = _FILE_NAME.sub(titled, _FOLDER.sub(without_folders, line))
        return _LINK.sub(lambda link: _code(link[0], row) if link["code"] else moved(link), line)

    return _each_line(text, line_moved)


def _each_line(text: str, change: Callable[[str], str]) -> str:
    """The text with each line outside of fenced code changed."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = ""
        elif not fence:
            lines.append(change(line))
            continue
        lines.append(line)
    return "\n".join(lines)


def _absolute(path: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _code(span: str, in_table: bool) -> str:
    """A pipe in a table's code is escaped for code hosts; Python-Markdown would show that."""
    return span.replace("\\|", "|") if in_table else span
