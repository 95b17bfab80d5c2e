"""What a browser gets: nothing from elsewhere, nothing inline, everything there; and the modules that need no browser."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from playwright._impl._driver import compute_driver_executable

_ROOT: Final = Path(__file__).parents[2]
_STATIC: Final = _ROOT / "web" / "static"
_MOST_BYTES: Final = 400_000
_LONGEST_MODULE: Final = 250
_PAGES: Final = sorted(_STATIC.glob("*.html"))
_MODULES: Final = sorted((_STATIC / "js").glob("*.js"))
_STYLES: Final = sorted((_STATIC / "css").glob("*.css"))
_OWN_TEXTS: Final = [*_PAGES, *_MODULES, *_STYLES, *_STATIC.glob("*.svg")]

# what tests of the page hold on to; {} stands for a name that is put in
_TEST_IDS: Final = (
    "login-name", "login-password", "login-submit", "fleet-table", "fleet-row-{}", "fleet-search", "map", "sensor-title",
    "waveform", "spectrum", "watch-span", "command-{}", "command-field-{}", "command-send", "command-result",
    "alarm-row-{}", "alarm-ack-{}", "alarm-comment", "alarm-confirm", "banner", "logout", "theme-toggle",
)  # fmt: skip


class _Elements(HTMLParser):
    """Every element of a page with its attributes, and what is written into scripts and styles."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._within = ""
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style"):
            self.inline += data.strip()


def _without_comments(path: Path) -> str:
    text = path.read_text()
    if path.suffix == ".js":
        text = re.sub(r"(?m)^\s*//.*$|\s//\s.*$", "", text)
    return re.sub(r"/\*.*?\*/|<!--.*?-->", "", text, flags=re.DOTALL)


def test_modules_that_need_no_browser_do_what_they_should() -> None:
    """Formats, frames, rings, projection, peaks: tests/web, by Node's own test runner."""
    node, _ = compute_driver_executable()  # Playwright brings one, so that none has to be installed
    tests = sorted(map(str, (_ROOT / "tests" / "web").glob("*.test.mjs")))
    assert tests
    ran = subprocess.run(
        [node, "--test", "--test-reporter=tap", *tests],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"^# pass (\d+)$", ran.stdout, re.MULTILINE)
    assert passed is not None, ran.stdout
    assert int(passed.group(1)) > 40


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_page_refers_to_files_that_are_there(page: Path) -> None:
    """Scripts, styles, fonts and pictures, all below /static."""
    for tag, attributes in _Elements(page).found:
        name = {"script": "src", "link": "href", "img": "src"}.get(tag)
        if name is None:
            continue
        address = attributes.get(name)
        assert address is not None, f"{tag} without {name}"
        assert address.startswith("/static/"), address
        assert (_STATIC / address.removeprefix("/static/")).is_file(), address


@pytest.mark.parametrize("module", _MODULES, ids=lambda module: module.name)
def test_module_imports_what_is_there(module: Path) -> None:
    """Only modules beside it, each of which exports what is asked for."""
    for names, address in re.findall(r'import \{([^}]*)\} from "([^"]+)"', module.read_text()):
        assert address.startswith("./"), address
        other = module.parent / address
        assert other.is_file(), address
        exported = set(
            re.findall(r"export (?:async )?(?:function\*?|class|const|let) (\w+)", other.read_text())
        )
        assert {name.strip() for name in names.split(",")} <= exported, (address, names)


@pytest.mark.parametrize("style", _STYLES, ids=lambda style: style.name)
def test_style_refers_to_files_that_are_there(style: Path) -> None:
    """Fonts and pictures."""
    for address in re.findall(r'url\("([^"]+)"\)', style.read_text()):
        assert (style.parent / address).is_file(), address


def test_every_colour_of_one_theme_is_in_the_other() -> None:
    """And every one that is used is defined."""
    base = (_STATIC / "css" / "base.css").read_text()
    light, dark = (
        set(re.findall(r"--([\w-]+):", block)) for block in re.findall(r":root[^{]*\{([^}]*)\}", base)
    )
    assert light - dark == {"radius", "gap"}
    assert dark <= light
    for path in [*_STYLES, *_MODULES]:
        assert set(re.findall(r"var\(--([\w-]+)\)", path.read_text())) <= light, path.name
        assert set(re.findall(r'colour\("([\w-]+)"\)', path.read_text())) <= light, path.name


@pytest.mark.parametrize("path", _OWN_TEXTS, ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    """No address of another host; the name space of SVG is none."""
    text = _without_comments(path).replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[\w-]+\.\w+[^\s\"']*", text) == []
    assert re.findall(r"https?:/", text) == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_page_has_nothing_inline(page: Path) -> None:
    """Content-Security-Policy would refuse it: no scripts, styles or handlers within the page."""
    elements = _Elements(page)
    assert elements.inline == ""
    for tag, attributes in elements.found:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag


@pytest.mark.parametrize("module", _MODULES, ids=lambda module: module.name)
def test_module_puts_data_into_the_page_as_text_only(module: Path) -> None:
    """Nothing is parsed as HTML or run as a script, no style attribute is written."""
    text = _without_comments(module)
    for never in (
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment",
        "eval(", "new Function", "cssText", 'setAttribute("style"', "srcdoc", "javascript:",
    ):  # fmt: skip
        assert never not in text, never
    assert not re.search(r"\bstyle:\s*[\"'`]", text)


def test_what_tests_hold_on_to_is_there() -> None:
    """Every data-testid, in the pages or made by a module."""
    text = "".join(path.read_text() for path in [*_PAGES, *_MODULES])
    found = set(re.findall(r'data-testid="([^"]+)"', text))
    found |= set(re.findall(r'testid: ["`]([^"`]+)["`]', text))
    found |= set(re.findall(r'chartHost\("([a-z-]+)"', text)) | set(
        re.findall(r'= segments\(.*, "([a-z-]+)"\);', text)
    )
    found = {re.sub(r"\$\{[^}]*\}", "{}", one) for one in found}
    assert set(_TEST_IDS) - found == set()


@pytest.mark.parametrize("module", _MODULES, ids=lambda module: module.name)
def test_module_has_one_idea(module: Path) -> None:
    """Short, and its first line says what it is."""
    text = module.read_text()
    assert text.count("\n") <= _LONGEST_MODULE
    assert text.startswith(("/** ", "// "))


def test_assets_are_small() -> None:
    """All together, as they are: a phone at a machine has a slow line."""
    sizes = {
        path.relative_to(_STATIC).as_posix(): path.stat().st_size
        for path in _STATIC.rglob("*")
        if path.is_file()
    }
    assert sum(sizes.values()) < _MOST_BYTES, sorted(sizes.items(), key=lambda item: -item[1])[:10]
    assert sizes["vendor/natural-earth/world.json"] <= 60_000


@pytest.mark.parametrize("part", ["uplot", "inter", "natural-earth"])
def test_what_is_of_others_has_its_licence(part: str) -> None:
    """Beside it, and not empty."""
    assert len((_STATIC / "vendor" / part / "LICENSE").read_text()) > 200
