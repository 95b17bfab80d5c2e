"""The pictures of the live page: the demo is started, the browser logs in and looks at it for as long as it takes.

They show what was measured then, so each run makes others; whoever has changed the page looks at them before they are
committed.
"""

import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from stack import browser
from stack.apt import Say
from stack.demo import Demo
from stack.demo_page import USER
from stack.local import Stack

_SENSORS: Final = 30
_PUMP: Final = "pump-0005"  # the inner race of its bearing is damaged
_SAMPLE_FREQUENCY_HZ: Final = 4_000
_WIDE: Final[Mapping[str, int]] = {"width": 1280, "height": 800}
_TALL: Final[Mapping[str, int]] = {"width": 1280, "height": 1150}  # the spectrum is in it, too
_PHONE: Final[Mapping[str, int]] = {"width": 390, "height": 844}
_PATIENCE_S: Final = 240.0


def pictures(say: Say) -> Generator[tuple[str, bytes]]:
    """Name and PNG of each. StackError where servers or browser cannot be had, playwright's errors where a page is not
    as it was.
    """
    with _demo(say) as (url, password), _browser(say) as chromium:
        _wait_for_alarm(chromium, url, password, say)
        yield "page-sensor", _picture(chromium, url, password, f"/sensors/{_PUMP}", _TALL, _settle_sensor)
        yield "page-fleet", _picture(chromium, url, password, "/", _WIDE, _settle)
        yield "page-phone", _picture(chromium, url, password, f"/sensors/{_PUMP}", _PHONE, _settle_phone)
        yield "page-dark", _picture(chromium, url, password, "/alarms", _WIDE, _settle, color_scheme="dark")


@contextmanager
def _demo(say: Say) -> Iterator[tuple[str, str]]:
    """Where the page is, and the password."""
    with tempfile.TemporaryDirectory(prefix="sensor-streaming-") as folder, ExitStack() as cleanup:
        stack = Stack(Path(folder))
        stack.start(say)
        cleanup.callback(stack.stop)
        demo = Demo(stack, _SENSORS)
        cleanup.callback(demo.stop, say)
        demo.start(say)
        assert demo.page is not None
        assert demo.page.password is not None
        yield demo.page.url, demo.page.password


@contextmanager
def _browser(say: Say) -> Iterator[Browser]:
    executable = browser.ensure(say)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


def _picture(
    chromium: Browser,
    url: str,
    password: str,
    path: str,
    size: Mapping[str, int],
    settle: Callable[[Page], None],
    **options: Any,
) -> bytes:
    context = chromium.new_context(viewport=dict(size), **options)  # type: ignore[arg-type]  # a size
    page = context.new_page()
    _log_in(page, url, password, path)
    settle(page)
    png = page.screenshot()
    context.close()
    return png


def _log_in(page: Page, url: str, password: str, path: str) -> None:
    page.goto(f"{url}/login?next={path}")
    page.get_by_test_id("login-name").fill(USER)
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()
    page.wait_for_url(f"{url}{path}")


def _settle(page: Page) -> None:
    page.wait_for_timeout(3_000)  # lists and map have come, and nothing moves


def _settle_sensor(page: Page) -> None:
    page.get_by_test_id("watch-span").get_by_role("button", name="1 s", exact=True).click()
    page.wait_for_timeout(6_000)  # the span is full, and a spectrum averaged


def _settle_phone(page: Page) -> None:
    _settle_sensor(page)
    page.get_by_role("region", name="Live waveform").evaluate(
        "(one) => scrollTo(0, one.getBoundingClientRect().top + scrollY - 60)"
    )
    page.wait_for_timeout(1_500)


def _wait_for_alarm(chromium: Browser, url: str, password: str, say: Say) -> None:
    """The pump samples faster, and its bearing is found."""
    context = chromium.new_context()
    page = context.new_page()
    _log_in(page, url, password, f"/sensors/{_PUMP}")
    page.get_by_test_id("command-change_sample_frequency").click()
    page.get_by_test_id("command-field-sample_frequency_hz").fill(str(_SAMPLE_FREQUENCY_HZ))
    page.get_by_test_id("command-send").click()
    page.get_by_test_id("command-result").get_by_text("APPLIED").wait_for()
    say("waiting for the first alarm (a minute or two)")
    end = time.monotonic() + _PATIENCE_S
    while not page.request.get(f"{url}/api/alarms?state=open&serial={_PUMP}").json()["alarms"]:
        if time.monotonic() > end:
            raise TimeoutError(f"no alarm of {_PUMP} within {_PATIENCE_S:.0f} s")
        page.wait_for_timeout(1_000)
    context.close()
