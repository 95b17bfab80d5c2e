"""The questions that the page's tests ask the browser find what is wrong with a page that is bad on purpose."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.integration import web_looks
from tests.integration.web_site import chromium

BAD = """<!doctype html><title></title><style>
  body { background: #fff; color: #222; font: 16px sans-serif }
  .pale { color: #8a8a8a } .faint { color: rgb(0 0 0 / 40%) } .large { color: #8a8a8a; font-size: 24px }
  .wide { width: 900px } .blind:focus { outline: none } section { background: rgb(0 0 0 / 50%) }
</style><body>
  <p class="pale">pale</p><p class="faint">faint</p><p class="large">large</p><section>on grey</section>
  <p>one</p><p>two</p><p>three</p><p>four</p><p>five</p><p>six</p><p>seven</p>
  <input><button></button><a href="/x"><svg></svg></a><img src="data:,"><i id="a"></i><i id="a"></i>
  <button class="wide">wide</button><button class="blind">blind</button>
  <button id="trap">trap</button><button>beyond</button>
  <script>trap.addEventListener("keydown", (event) => event.preventDefault())</script>
</body>"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """The bad page, on a phone."""
    with chromium() as browser:
        one = browser.new_page(viewport={"width": 390, "height": 844})
        one.set_content(BAD)
        yield one


def test_low_contrast_is_found(page: Page) -> None:
    """Of translucent text, too, and on what is translucent itself; large text may have less."""
    assert [line.partition(":")[0] for line in web_looks.pale(page)] == ["'faint'", "'on grey'", "'pale'"]


def test_what_has_no_name_is_found(page: Page) -> None:
    """Inputs, buttons, links, pictures, regions, and a page without a heading, a title and a language."""
    found = {line.partition(":")[0] for line in web_looks.unnamed(page)}
    assert found == {
        "no label", "no name", "no alternative", "a region without a name", "twice", "not one h1", "no language", "no title",
    }  # fmt: skip


def test_what_is_too_wide_is_found(page: Page) -> None:
    """The page itself, and what makes it so."""
    page_itself, button = web_looks.too_wide(page)
    assert page_itself.startswith("the page: 9")
    assert "wide" in button


def test_what_tab_does_not_reach_is_found(page: Page) -> None:
    """And where the focus cannot be seen."""
    found = web_looks.lost_by_tab(page)
    assert next(line for line in found if "blind" in line).startswith("focus is not seen")
    assert next(line for line in found if "beyond" in line).startswith("not reached")
    assert not [line for line in found if "wide" in line]


def test_change_of_pixels_is_seen(page: Page) -> None:
    """Two pictures of a canvas differ when somebody has drawn between them."""
    page.set_content("<div data-testid=host><canvas></canvas></div>")
    before = web_looks.pixels(page, "host")
    assert web_looks.pixels(page, "host") == before
    page.evaluate("() => document.querySelector('canvas').getContext('2d').fillRect(5, 5, 1, 1)")
    assert web_looks.pixels(page, "host") != before
