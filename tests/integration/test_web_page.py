"""The live page in a real browser: what somebody sees and does there, with everything behind it running."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from stack.local import Stack
from tests.integration.web_site import OPERATOR, PASSWORDS, WebSite, chromium, eyes, web_site


@pytest.fixture(scope="module")
def here(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    """Servers, services, sensors, and the page's service."""
    with web_site(stack, tmp_path_factory.mktemp("page")) as one:
        yield one


@pytest.fixture(scope="module")
def chrome(here: WebSite) -> Iterator[Browser]:
    """After the site, so that it ends before."""
    with chromium() as one:
        yield one


def test_stranger_logs_in_by_keyboard_after_a_wrong_password(here: WebSite, chrome: Browser) -> None:
    """Asked for who one is, told what was wrong, and then let in to what was asked for."""
    with eyes(chrome, here) as seen:
        page = seen.open("/alarms")
        expect(page).to_have_url(f"{here.url}/login?next=%2Falarms")
        expect(page.get_by_test_id("login-name")).to_be_focused()
        page.keyboard.type(OPERATOR)
        page.keyboard.press("Tab")
        page.keyboard.type("wrong horse")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
        expect(page.get_by_test_id("login-password")).to_be_focused()
        seen.forgive("status of 401")
        page.keyboard.type(PASSWORDS[OPERATOR])
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{here.url}/alarms")
        cookie = next(one for one in seen.context.cookies() if one["name"] == "session")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
