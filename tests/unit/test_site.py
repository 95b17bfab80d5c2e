"""The documentation's site: it builds, every link in it leads somewhere, and what is broken is found."""

import re
from pathlib import Path

import pytest

from stack import site, site_check
from stack.errors import StackError
from stack.servers import REPOSITORY
from stack.site_links import move_links
from stack.site_lists import indented

GOOD = {
    "README.md": "# Start\n\nSee [a](docs/a.md#two-words--here) and [the code](wire/limits.py), in [wire](wire/).\n",
    "wire/limits.py": 'FENCE = "```"\n',
    "docs/a.md": "# A\n\n## Two words – here\n\n[back](../README.md), `[none](nothing.md)`\n\n![p](images/p.svg)\n",
    "docs/images/p.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "docs/images/README.md": "[how](nowhere.md)\n",
    "docs/site.css": "",
    "docs/runbooks/Broken.md": "# Broken\n\n[a](../a.md)\n",
}


def repository(folder: Path, **changed: str) -> Path:
    """A small one, with these files otherwise."""
    for name, text in (GOOD | changed).items():
        file = folder / "repository" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder / "repository"


def test_the_documentation_builds_without_a_broken_link(tmp_path: Path) -> None:
    """All of docs/, strictly; nothing in it is fetched from elsewhere."""
    site.build(REPOSITORY, tmp_path / "site")
    assert (tmp_path / "site/search.json").stat().st_size > 100_000
    assert "Remote, real-time condition monitoring" in (tmp_path / "site/index.html").read_text()
    for page in ("settings", "metrics", "iotctl", "runbooks/DeadLetters", "source/proto/sensor.proto"):
        assert (tmp_path / f"site/{page}.html").is_file(), page


def test_good_links_are_moved_to_where_the_site_has_their_pages(tmp_path: Path) -> None:
    """README is the start page, a file of the source a page that shows it, a folder only a word."""
    site.build(repository(tmp_path), tmp_path / "site")
    start = (tmp_path / "site/index.html").read_text()
    assert 'href="a.html#two-words--here"' in start
    assert 'href="source/wire/limits.py.html"' in start
    assert "in wire." in start
    assert "FENCE" in (tmp_path / "site/source/wire/limits.py.html").read_text()
    assert "[none](nothing.md)" in (tmp_path / "site/a.html").read_text()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("docs/a.md", "# A\n\n## Two words – here\n\n[there](nothing.md)\n", "nothing.md"),
        ("docs/a.md", "# A\n\n## Two words – here\n\n[there](#one-word)\n", "#one-word"),
        ("docs/runbooks/Broken.md", "# B\n\n[there](../a.md#one-word)\n", "#one-word"),
        ("README.md", "# Start\n\n[there](wire/gone.py)\n", "wire/gone.py"),
        ("docs/a.md", '# A\n\n## Two words – here\n\n<a href="nothing.html">there</a>\n', "nothing.html"),
        ("docs/a.md", "# A\n\n## Two words – here\n\n![there](images/gone.png)\n", "gone.png"),
        ("docs/a.md", "# A\n\n## Two words – here\n\n![p](https://elsewhere.example/p.png)\n", "elsewhere"),
        (
            "docs/a.md",
            "# A\n\n## Two words – here\n\n```mermaid\nerDiagram\n    a ||--x{ b\n```\n",
            "cannot be drawn",
        ),
    ],
    ids=["page", "own anchor", "anchor", "source", "html", "picture", "elsewhere", "diagram"],
)
def test_broken_link_fails_the_build_and_leaves_the_old_site(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    """With where it is."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("old")
    with pytest.raises(StackError, match=said):
        site.build(repository(tmp_path, **{name: text}), tmp_path / "site")
    assert (tmp_path / "site/index.html").read_text() == "old"


def test_diagram_is_drawn_while_the_site_is_built(tmp_path: Path) -> None:
    """As a picture beside its page: a reader's browser runs nothing for it."""
    text = "# A\n\n## Two words – here\n\n```mermaid\nflowchart LR\n    a --> b\n```\n"
    site.build(repository(tmp_path, **{"docs/a.md": text}), tmp_path / "site")
    assert (tmp_path / "site/a-1.svg").read_text().startswith("<svg")
    assert 'src="a-1.svg"' in (tmp_path / "site/a.html").read_text()


def test_navigation_has_every_page_once() -> None:
    """Pages in no group come last, a folder is a group in a group; what shows source is linked to, not listed."""
    pages = {"index.md", "new.md", "schema.md", "runbooks/B.md", "runbooks/A.md", "source/wire/limits.py.md"}
    assert site.navigation(pages) == [
        {"Start": [{"Overview": "index.md"}]},
        {"Operate": [{"Runbooks": ["runbooks/A.md", "runbooks/B.md"]}]},
        {"Look up": ["schema.md"]},
        {"More": ["new.md"]},
    ]


def test_pipe_in_a_tables_code_is_shown_as_one() -> None:
    """A code host wants it escaped."""
    row = "| `a\\|b` | [c](d.md) |"
    assert move_links("docs/a.md", f"{row}\n`a\\|b`", REPOSITORY) == "| `a|b` | [c](d.md) |\n`a\\|b`"


def test_link_that_is_called_as_its_file_has_the_title_of_the_page(tmp_path: Path) -> None:
    """A reader of the site sees no files; a link to nothing stays as it is."""
    root = repository(tmp_path)
    text = "[docs/a.md](docs/a.md#two-words--here), [more](docs/a.md), [b.md](docs/b.md)"
    assert move_links("README.md", text, root) == "[A](a.md#two-words--here), [more](a.md), [b.md](docs/b.md)"


def test_what_a_page_fetches_from_elsewhere_is_found(tmp_path: Path) -> None:
    """A script as well as a style; a link that a reader may follow is none."""
    (tmp_path / "index.html").write_text(
        '<a href="https://a.example">a</a><script src="//b.example/s.js"></script>'
        '<link href="https://c.example/s.css"><img src="data:,">'
    )
    assert site_check.problems(tmp_path) == [
        "index.html: //b.example/s.js is fetched from elsewhere",
        "index.html: https://c.example/s.css is fetched from elsewhere",
    ]


def test_code_within_a_list_stays_in_its_item(tmp_path: Path) -> None:
    """One list of two steps, not two lists with something in between; the code as it was."""
    text = "# A\n\n## Two words – here\n\n1. do\n\n   ```\n   if x:\n     - y\n   ```\n\n2. then\n"
    site.build(repository(tmp_path, **{"docs/a.md": text}), tmp_path / "site")
    page = (tmp_path / "site/a.html").read_text()
    article = page[page.index("Two words – here") : page.index("</article>")]
    assert article.count("<ol>") == 1
    assert article.count("<li>") == 2
    assert "if x:\n" in re.sub("<[^>]+>", "", article)
    assert "  - y\n" in re.sub("<[^>]+>", "", article)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("- a\n  b\n\n  c\n\nd", "- a\n    b\n\n    c\n\nd"),
        ("- a\n  - b\n    c\n- d", "- a\n    - b\n        c\n- d"),
        ("10. a\n\n    b", "10. a\n\n    b"),
        (
            "1. a\n\n   ```\n   - x\n     y\n   ```\n2. b",
            "1. a\n\n    ```\n    - x\n      y\n    ```\n\n2. b",
        ),
        ("1. a\n\n   b\n2. c\n3. d", "1. a\n\n    b\n\n2. c\n3. d"),
        ("- a\n  - b\n- c\n\ntext\n- d", "- a\n    - b\n- c\n\ntext\n\n- d"),
        ("text\n2. b", "text\n2. b"),
        ("text\n\n    code\n      - code", "text\n\n    code\n      - code"),
        ("```\n- a\n  b\n```\n  c", "```\n- a\n  b\n```\n  c"),
    ],
    ids=[
        "paragraphs",
        "nested",
        "wide",
        "code",
        "next item",
        "begins",
        "number in a text",
        "no list",
        "only code",
    ],
)
def test_what_belongs_to_an_item_is_indented_by_four(text: str, wanted: str) -> None:
    """As Python-Markdown wants it."""
    assert indented(text) == wanted
