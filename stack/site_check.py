"""What a built site must be: every link within it leads to a file, and an anchor, that is there; nothing is fetched from
elsewhere. Links that a reader may follow to other sites are not tried.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}
_FOLLOWED = {("a", "href")}


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[tuple[str, bool]] = []  # and whether a browser fetches it by itself
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name in ("id", "name"):
                self.anchors.add(value)
            if (tag, name) in _FETCHED | _FOLLOWED:
                self.links.append((value, (tag, name) in _FETCHED))


def problems(site: Path) -> list[str]:
    """A sentence for each; none where all is well."""
    pages = {path.resolve(): _Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    return [
        f"{path.relative_to(site.resolve())}: {problem}"
        for path, page in pages.items()
        if path.name != "404.html"  # is shown at any address, so its links are absolute
        for problem in _of(path, page, pages)
    ]


def _of(path: Path, page: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    for link, fetched in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            if fetched and parts.scheme != "data":
                yield f"{link} is fetched from elsewhere"
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            yield f"{link} leads nowhere"
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
            yield f"{link}: there is no such anchor"
