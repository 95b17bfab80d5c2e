"""`python -m stack.site FOLDER`: the documentation as a site, every link of which leads somewhere.

Pages are docs/**/*.md and the repository's own (README.md is the start page). Files outside of docs/ that a page links
to, such as proto/sensor.proto, become pages that show them. Diagrams are drawn here, so that a reader's browser fetches
nothing from elsewhere. The generator checks links between pages, stack.site_check what came out of it.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import mmdr

from stack import site_check
from stack.errors import StackError
from stack.servers import REPOSITORY
from stack.site_links import DOCS, ROOT_PAGES, SOURCE, move_links, place, targets
from stack.site_lists import indented

# Those that exist are shown, in this order; pages of docs/ that are in no group come last. A folder is a group in a group.
NAVIGATION: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "quickstart.md", "compose.md", "helm.md", "firmware.md"),
    "Use": ("web.md", "alarms.md", "iotctl.md", "dashboards.md", "webhooks.md", "machines.md"),
    "Operate": ("operating.md", "scaling.md", "database.md", "runbooks/", "security.md", "changelog.md"),
    "Understand": ("design.md", "sensor.md", "vibration.md", "contributing.md"),
    "Look up": ("settings.md", "metrics.md", "schema.md", "glossary.md"),
}
# Where a page's own title is too long for the list of pages, or says too little there.
TITLES = {
    "index.md": "Overview",
    "compose.md": "Docker Compose",
    "helm.md": "Kubernetes (Helm)",
    "contributing.md": "Contributing",
}
_OTHERS = "More"
_LANGUAGES = {".h": "cpp", ".example": "ini", ".csv": "text", ".tpl": "yaml", ".txt": "text", "": "text"}
_DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BUILD_S = 120


# A page, one with a title of its own, or a group of pages.
Entry = str | dict[str, str] | dict[str, list[str]]


def navigation(pages: set[str]) -> list[dict[str, list[Entry]]]:
    """The pages that exist, in groups; a name that ends in / stands for all pages in that folder."""
    left = {page for page in pages if not page.startswith(SOURCE)}
    groups: dict[str, list[Entry]] = {}
    for title, wanted in NAVIGATION.items():
        for name in wanted:
            if name.endswith("/"):
                found = sorted(page for page in left if page.startswith(name))
                entry: Entry = {name.rstrip("/").capitalize(): found}
            else:
                found = sorted(left & {name})
                entry = {TITLES[name]: name} if name in TITLES else name
            if found:
                groups.setdefault(title, []).append(entry)
            left -= set(found)
    if left:
        groups[_OTHERS] = [*sorted(left)]
    return [{title: entries} for title, entries in groups.items()]


def stage(root: Path, folder: Path) -> set[str]:
    """Write what the generator reads, as its docs folder has it; the pages' names in it."""
    shutil.copytree(root / DOCS, folder, ignore=shutil.ignore_patterns("*.md", "*.py", "__pycache__"))
    found = sorted(path.relative_to(root).as_posix() for path in (root / DOCS).rglob("*.md"))
    waiting = [path for path in found if not path.endswith("/README.md")]  # which tell who works on a folder
    waiting += [name for name in ROOT_PAGES if (root / name).is_file()]
    known = set(waiting)
    while waiting:
        path = waiting.pop()
        text = (root / path).read_text()
        if path.endswith(".md"):
            linked = {target for target in targets(path, text) if (root / target).is_file()}
            new = {target for target in linked if not target.startswith(DOCS)} - known
            known |= new
            waiting += sorted(new)
            text = indented(move_links(path, text, root))
        else:
            text = _shown(path, text)
        page = folder / place(path)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_draw(text, page))
    return {place(path) for path in known}


def build(root: Path, into: Path) -> None:
    """Make the site anew; StackError where a link of it leads nowhere."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        pages = stage(root, work / "docs")
        (work / "zensical.toml").write_text(_configuration(navigation(pages)))
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        ran = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=_BUILD_S, check=False)
        if ran.returncode != 0:
            raise StackError(f"the site was not built:\n{_plain(ran.stderr)}")
        problems = site_check.problems(work / "site")
        if problems:
            raise StackError("\n".join(["the site is not as it should be:", *problems]))
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(work / "site", into)


def _configuration(groups: Sequence[Mapping[str, Sequence[Entry]]]) -> str:
    settings = Path(__file__).with_suffix(".toml").read_text()
    return settings.replace("\nnav = []\n", f"\nnav = {_toml(groups)}\n")


def _toml(value: object) -> str:
    """In one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{json.dumps(key)} = {_toml(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def _shown(path: str, text: str) -> str:
    """A page that shows a file."""
    suffix = PurePosixPath(path).suffix
    language = _LANGUAGES.get(suffix, suffix.lstrip("."))
    fence = "`" * (max([2, *(len(run) for run in re.findall(r"`+", text))]) + 1)
    return f"---\nsearch: {{exclude: true}}\n---\n\n# {path}\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _draw(text: str, page: Path) -> str:
    """Mermaid becomes pictures, in files beside the page."""
    numbers: Iterator[int] = iter(range(1, 1000))

    def drawn(block: re.Match[str]) -> str:
        picture = page.with_name(f"{page.stem}-{next(numbers)}.svg")
        try:
            picture.write_text(mmdr.Diagram(block[1]).svg())
        except Exception as error:
            raise StackError(f"{page.name}: a diagram that cannot be drawn: {error}") from error
        return f"![Diagram]({picture.name})"

    return _DIAGRAM.sub(drawn, text)


def _plain(said: str) -> str:
    """Without colours, and without the generator's own traceback."""
    return re.sub(r"\x1b\[[0-9;]*m", "", said).partition("Traceback")[0].strip()


def main() -> None:
    """Entry point."""
    into = Path(sys.argv[1])
    try:
        build(REPOSITORY, into)
    except StackError as error:
        print(f"site: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"{into}/index.html (with search: python3 -m http.server --bind 127.0.0.1 --directory {into})")


if __name__ == "__main__":
    main()
