"""The live page in a real browser: what somebody sees and does there, with everything behind it running."""

import json
import re
import struct
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from emulator.fleet_plan import plans
from stack.local import Stack
from tests.integration import web_looks
from tests.integration.web_site import (
    FAST,
    FAST_HZ,
    FAULTY,
    FLEET,
    OPERATOR,
    PASSWORDS,
    PREFIX,
    PUMP,
    TARGET,
    TEMPERATURE,
    TREMBLES,
    VEHICLE,
    VIEWER,
    Eyes,
    WebSite,
    chromium,
    command_row,
    eyes,
    fast_sensor,
    web_site,
)  # fmt: skip
from vibration.spectrum import amplitude_spectrum, peaks

PHONE = {"width": 390, "height": 844}
VIEWS = ["/", f"/sensors/{PUMP}", "/alarms", "/commands"]
LOST = r"ERR_CONNECTION_REFUSED|WebSocket connection to|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET"
expect.set_options(timeout=10_000)


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
        assert web_looks.unnamed(page) == []
        page.keyboard.type(OPERATOR)
        page.keyboard.press("Tab")
        page.keyboard.type("wrong horse")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
        expect(page.get_by_test_id("login-password")).to_be_focused()
        assert web_looks.pale(page) == []
        seen.forgive("status of 401")
        page.keyboard.type(PASSWORDS[OPERATOR])
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{here.url}/alarms")
        cookie = next(one for one in seen.context.cookies() if one["name"] == "session")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


def test_fleet_shows_its_sensors_in_table_and_map_and_finds_one(here: WebSite, chrome: Browser) -> None:
    """All of them with their state; searched as one types, also by the machine they sit on; those with a position on the map."""
    with eyes(chrome, here) as seen:
        seen.page.route("**/api/positions", own_positions)
        page = seen.log_in()
        page.get_by_test_id("fleet-search").fill(PREFIX)
        for serial in (VEHICLE, PUMP, FAULTY, TEMPERATURE):
            expect(page.get_by_test_id(f"fleet-row-{serial}")).to_contain_text("Awake")
        page.get_by_test_id("fleet-search").fill(TARGET)
        expect(page.get_by_test_id(f"fleet-row-{VEHICLE}")).to_have_count(0)
        expect(page.get_by_test_id(f"fleet-row-{PUMP}")).to_contain_text("1 kHz")
        expect(page.get_by_test_id("fleet-table").get_by_role("row")).to_have_count(2)
        page.get_by_role("application").focus()
        shown = set()
        for _ in range(30):  # from symbol to symbol; some are of several sensors
            page.keyboard.press("n")
            shown |= set(re.findall(r"page-\w+-\d+", page.get_by_test_id("map").inner_text()))
        assert shown >= {VEHICLE, PUMP}


def test_sensor_opened_by_keyboard_shows_a_waveform_that_moves(here: WebSite, chrome: Browser) -> None:
    """What was measured a moment ago is drawn, again and again; its spectrum has the machine's line where it belongs."""
    with eyes(chrome, here) as seen:
        page = seen.log_in()
        expect(page.get_by_test_id("fleet-search")).to_be_visible()  # before that nobody listens to keys
        page.keyboard.press("/")
        page.keyboard.type(PUMP)
        expect(page.get_by_test_id("fleet-table").get_by_role("row")).to_have_count(2)
        tab_to(page, page.get_by_role("link", name=PUMP))
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("sensor-title")).to_have_text(PUMP)
        first = newest_s(seen)
        assert abs(time.time() - first) < 5
        drawn = web_looks.pixels(page, "waveform")
        seen.eventually(lambda: newest_s(seen) > first + 1, "newer samples")
        seen.eventually(lambda: web_looks.pixels(page, "waveform") != drawn, "another picture")
        frequency_hz = strongest_hz(1)
        seen.eventually(
            lambda: abs(spectrum_peak_hz(seen, 0) - frequency_hz) < 1, f"a line at {frequency_hz} Hz"
        )
        listed = page.get_by_role("table", name="Strongest peaks").get_by_role("row").nth(1)
        shown = float(listed.get_by_role("cell").first.inner_text().replace(",", ""))
        assert abs(shown - frequency_hz) < 2
        assert len(set(web_looks.pixels(page, "spectrum"))) > 10


def test_span_that_is_chosen_is_what_is_shown(here: WebSite, chrome: Browser) -> None:
    """A shorter one has finer bins, and the waveform goes on in it."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{PUMP}")
        seen.eventually(lambda: watching(seen)["span_s"] == 10, "what is watched")
        coarse = watching(seen)["bin_s"]
        page.get_by_test_id("watch-span").get_by_role("button", name="2 s").click()
        seen.eventually(lambda: watching(seen)["span_s"] == 2, "the shorter span")
        assert watching(seen)["bin_s"] < coarse
        moves_on(seen)


def test_operator_changes_a_sample_frequency_and_sees_it_applied(here: WebSite, chrome: Browser) -> None:
    """The sensor's own answer, and what it measures from then on; kept with who it was."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{FAULTY}")
        newest_s(seen)
        page.get_by_test_id("command-change_sample_frequency").click()
        page.get_by_test_id("command-field-sample_frequency_hz").fill("2000")
        page.get_by_test_id("command-send").click()
        expect(page.get_by_test_id("command-result")).to_contain_text("APPLIED")
        expect(page.get_by_text("2 kHz of")).to_be_visible()
        moves_on(seen)
        seen.open("/commands")
        expect(page.get_by_text(f"{OPERATOR}@web").first).to_be_visible()
    row = command_row(here, FAULTY, "change_sample_frequency")
    assert row is not None
    assert (row["status"], row["issuer"], row["client"]) == ("APPLIED", "web", f"{OPERATOR}@web")


def test_command_that_makes_no_sense_is_refused_with_the_reason(here: WebSite, chrome: Browser) -> None:
    """An end without a beginning: said at once, nothing is sent, and what was entered is there to be mended."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{TEMPERATURE}")
        page.get_by_test_id("command-resend").click()
        page.get_by_test_id("command-field-last_sequence").fill("500")
        page.get_by_test_id("command-send").click()
        expect(page.get_by_test_id("command-result")).to_contain_text("needs the first sequence")
        seen.forgive("status of 400")
        page.get_by_test_id("command-resend").click()
        expect(page.get_by_test_id("command-field-last_sequence")).to_have_value("500")
    assert command_row(here, TEMPERATURE, "resend") is None


def test_sample_frequency_is_asked_for_within_what_the_sensors_can_do(here: WebSite, chrome: Browser) -> None:
    """Of one sensor, and of several that are chosen; the browser sends nothing beyond it."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{TEMPERATURE}")
        expect(page.get_by_text("of 10 Hz")).to_be_visible()
        page.get_by_test_id("command-change_sample_frequency").click()
        expect(page.get_by_role("dialog")).to_contain_text("0.01 to 10 Hz")
        field = page.get_by_test_id("command-field-sample_frequency_hz")
        field.fill("500")
        page.get_by_test_id("command-send").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert field.evaluate("field => field.validity.rangeOverflow")
        seen.open("/commands")
        page.get_by_label("Search sensors").fill(PREFIX)
        for serial in (PUMP, TEMPERATURE, FAULTY):
            page.get_by_role("checkbox", name=serial).check()
        page.get_by_test_id("command-change_sample_frequency").click()
        expect(page.get_by_role("dialog")).to_contain_text("0.01 to 10 Hz")
    assert command_row(here, TEMPERATURE, "change_sample_frequency") is None


def test_click_beside_a_dialog_closes_it_only_while_nothing_is_entered(
    here: WebSite, chrome: Browser
) -> None:
    """Nor does a selection that ends there."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{PUMP}")
        dialog, text = page.get_by_role("dialog"), page.get_by_test_id("command-field-alarm_id")
        page.get_by_test_id("command-trigger_alarm").click()
        expect(dialog).to_be_visible()
        where = text.bounding_box()
        assert where is not None
        page.mouse.move(where["x"] + 20, where["y"] + 10)
        page.mouse.down()
        page.mouse.move(5, 5)
        page.mouse.up()
        expect(dialog).to_be_visible()
        page.mouse.click(5, 5)
        expect(dialog).to_have_count(0)
        page.get_by_test_id("command-trigger_alarm").click()
        text.fill("bearing")
        page.mouse.click(5, 5)
        expect(text).to_have_value("bearing")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)


def test_viewer_looks_and_changes_nothing(here: WebSite, chrome: Browser) -> None:
    """Not by the page, and not past it either."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(VIEWER, f"/sensors/{PUMP}")
        moves_on(seen)
        button = page.get_by_test_id("command-identify")
        expect(button.or_(page.get_by_text("only an operator can do this")).first).to_be_visible()
        if button.count():
            expect(button).to_be_disabled()
        body = {"serial_numbers": [PUMP], "name": "identify", "fields": {}, "expires_s": 60}
        assert post(page, "/api/commands", body) == 403
        assert post(page, "/api/alarms/1/acknowledge", {"comment": "mine"}) == 403
        seen.forgive("status of 403")
    assert command_row(here, PUMP, "identify") is None


def test_request_without_the_sessions_token_changes_nothing(here: WebSite, chrome: Browser) -> None:
    """What another site could make an operator's browser send."""
    with eyes(chrome, here) as seen:
        page = seen.log_in()
        body = {"serial_numbers": [PUMP], "name": "identify", "fields": {}, "expires_s": 60}
        assert post(page, "/api/commands", body, token=False) == 403
        seen.forgive("status of 403")
    assert command_row(here, PUMP, "identify") is None


def test_alarm_appears_and_is_acknowledged_with_a_comment(here: WebSite, chrome: Browser) -> None:
    """Without loading anew; the alarms service has done it, and knows who it was."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path="/alarms")
        here.alarming.rule("page: shakes", TREMBLES, sensor=PUMP)
        seen.eventually(lambda: here.alarming.states("page: shakes"), "an alarm in the database")
        alarm_id = here.alarming.alarms("page: shakes")[0]["id"]
        row = page.get_by_test_id(f"alarm-row-{alarm_id}")
        expect(row).to_contain_text(PUMP)
        page.get_by_test_id(f"alarm-ack-{alarm_id}").click()
        page.get_by_test_id("alarm-comment").fill("bearing ordered")
        page.mouse.click(5, 5)  # beside the dialog: the comment is kept
        assert web_looks.unnamed(page) + web_looks.pale(page) == [], "in the dialog"
        page.get_by_test_id("alarm-confirm").click()
        expect(row).to_contain_text("Active, acknowledged")
        assert here.alarming.states("page: shakes") == ["ACTIVE_ACKNOWLEDGED"]
        told = here.alarming.owner.execute(
            "SELECT by, comment FROM alarm_transition WHERE alarm_id = %s AND kind = 'ACKNOWLEDGED'",
            [alarm_id],
        ).fetchall()
        assert told == [(f"{OPERATOR}@web", "bearing ordered")]
        seen.open(f"/sensors/{PUMP}")
        expect(page.get_by_role("region", name="Open alarms")).to_contain_text("acknowledged")


def test_lost_server_is_said_and_found_again_without_loading_anew(here: WebSite, chrome: Browser) -> None:
    """The waveform goes on, the session is still there; logged out, it is not."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{PUMP}")
        newest_s(seen)
        page.evaluate("() => { window.loadedOnce = true; }")
        here.web.kill()
        expect(page.get_by_test_id("banner")).to_contain_text("reconnecting")
        before = newest_s(seen)
        here.restart()
        expect(page.get_by_test_id("banner")).to_be_hidden()
        seen.eventually(lambda: newest_s(seen) > before + 1, "newer samples")
        assert page.evaluate("() => window.loadedOnce")
        seen.forgive(LOST)
        page.reload()
        expect(page.get_by_test_id("sensor-title")).to_have_text(PUMP)
        page.get_by_test_id("logout").click()
        expect(page).to_have_url(re.compile(f"{here.url}/login"))
        seen.open(f"/sensors/{PUMP}")
        expect(page.get_by_test_id("login-name")).to_be_visible()


def test_waveform_goes_on_after_rabbitmq_was_restarted(here: WebSite, chrome: Browser) -> None:
    """By itself; so do commands."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{PUMP}")
        newest_s(seen)
        here.stack.restart("rabbitmq")
        restarted_s = time.time()
        seen.eventually(lambda: newest_s(seen) > restarted_s, "samples of after the restart", 40)
        here.web.wait_ready()
        page.get_by_test_id("command-identify").click()
        page.get_by_test_id("command-send").click()
        expect(page.get_by_test_id("command-result")).to_contain_text("APPLIED", timeout=20_000)
        seen.forgive(r"status of 503")


@pytest.mark.parametrize("path", VIEWS)
def test_phone_has_no_horizontal_scrolling_and_every_action(
    here: WebSite, chrome: Browser, path: str
) -> None:
    """390 pixels are enough: what is to be pressed is within them, can be, and is large enough for a finger."""
    with eyes(chrome, here, viewport=PHONE, has_touch=True, is_mobile=True) as seen:
        page = seen.log_in(path=path)
        settle(seen, path)
        assert web_looks.too_wide(page) == []
        for button in [
            page.get_by_test_id("logout"),
            page.get_by_test_id("theme-toggle"),
            *actions(page, path),
        ]:
            button.click(trial=True)
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24, button


def test_phone_shows_what_matters_of_a_sensor_before_its_waveform_and_the_rest_when_asked(
    here: WebSite, chrome: Browser
) -> None:
    """Two lines of facts; on a large screen all of them, and nothing to press."""
    with eyes(chrome, here, viewport=PHONE, has_touch=True, is_mobile=True) as seen:
        page = seen.log_in(path=f"/sensors/{PUMP}")
        more, session = page.get_by_role("button", name="More"), page.get_by_text("Session", exact=True)
        expect(page.get_by_text("Sample frequency", exact=True)).to_be_visible()
        expect(session).to_be_hidden()
        more.tap()
        expect(session).to_be_visible()
        page.get_by_role("button", name="Less").tap()
        expect(session).to_be_hidden()
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{PUMP}")
        expect(page.get_by_text("Session", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="More")).to_be_hidden()


@pytest.mark.parametrize("path", VIEWS)
def test_text_is_readable_in_light_and_in_dark(here: WebSite, chrome: Browser, path: str) -> None:
    """Contrasts of 4.5, of large text 3; the two are not the same, and the choice is kept."""
    backgrounds = set()
    with eyes(chrome, here, color_scheme="light") as seen:
        page = seen.log_in(path=path)
        for _ in range(3):  # the system's, light, dark
            settle(seen, path)
            assert web_looks.pale(page) == []
            backgrounds.add(web_looks.background(page))
            page.get_by_test_id("theme-toggle").click()
        assert len(backgrounds) == 2


@pytest.mark.parametrize("path", VIEWS)
def test_everything_has_a_name_and_is_reached_by_tab(here: WebSite, chrome: Browser, path: str) -> None:
    """Inputs have labels, buttons names, and where one is can be seen."""
    with eyes(chrome, here) as seen:
        page = seen.log_in(path=path)
        settle(seen, path)
        assert web_looks.unnamed(page) == []
        if path.startswith("/sensors/"):
            page.get_by_role("button", name="Pause").click()  # drawn all the time, it makes keys slow
        assert web_looks.lost_by_tab(page) == []


def test_fast_sensor_of_three_axes_leaves_the_page_usable(here: WebSite, chrome: Browser) -> None:
    """25.6 kHz on three axes: frames keep coming, and the browser keeps drawing."""
    with fast_sensor(here), eyes(chrome, here) as seen:
        page = seen.log_in(path=f"/sensors/{FAST}")
        newest_s(seen)
        frames, began = seen.number("waveform", "data-frames"), time.monotonic()
        intervals_ms = web_looks.frame_intervals_ms(page, 3.0)
        rate = (seen.number("waveform", "data-frames") - frames) / (time.monotonic() - began)
        p50, p95 = (intervals_ms[int(share * len(intervals_ms))] for share in (0.5, 0.95))
        print(
            f"{FAST_HZ:g} Hz, 3 axes: {rate:.0f} frames/s; between drawings p50 {p50:.0f} ms, p95 {p95:.0f} ms"
        )
        assert rate > 6
        assert p95 < 500
        moves_on(seen)


def newest_s(seen: Eyes) -> float:
    """Unix time of the newest bin that is drawn, once there is one."""
    seen.eventually(lambda: seen.number("waveform", "data-last-time"), "a waveform")
    return seen.number("waveform", "data-last-time")


def moves_on(seen: Eyes) -> None:
    before = newest_s(seen)
    seen.eventually(lambda: newest_s(seen) > before, "newer samples")


def watching(seen: Eyes) -> dict[str, Any]:
    """What the server said last that it sends."""
    told = [json.loads(frame) for frame in seen.frames if isinstance(frame, str)]
    found = [message["watching"] for message in told if "watching" in message]
    return found[-1] if found else {"span_s": None}


def spectrum_peak_hz(seen: Eyes, channel: int) -> float:
    """Of the last spectrum that came; 0 where none has."""
    for frame in reversed(seen.frames):
        if isinstance(frame, bytes) and frame[:2] == bytes([2, channel]):
            count, start, step = struct.unpack_from("<Idd", frame, 4)
            amplitudes = np.frombuffer(frame, "<f4", count, 32)
            return float(start + step * int(amplitudes.argmax()))
    return 0.0


def strongest_hz(number: int) -> float:
    """Of the x axis of the fleet's sensor of that number, as the emulator makes it."""
    values = plans(FLEET)[number].source.samples(0.0, 10_000, 1000.0)[0]
    return peaks(amplitude_spectrum(values, 1000.0))[0].frequency_hz


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def post(page: Page, path: str, body: dict[str, Any], *, token: bool = True) -> int:
    """The status of a request by the page's own hand, with the session's token or without."""
    status: int = page.evaluate(
        """async ([path, body, token]) => {
          const session = await (await fetch("/api/session")).json();
          const headers = {"Content-Type": "application/json", ...(token ? {"X-CSRF-Token": session.csrf_token} : {})};
          return (await fetch(path, {method: "POST", headers, body: JSON.stringify(body)})).status;
        }""",
        [path, body, token],
    )
    return status


def own_positions(route: Route) -> None:
    """The answer without the sensors of other tests, which would be one symbol with ours."""
    answer = route.fetch()
    found = answer.json()
    own = [one for one in found["sensors"] if one["serial_number"].startswith(PREFIX)]
    route.fulfill(response=answer, json={**found, "sensors": own})


def settle(seen: Eyes, path: str) -> None:
    """What the view is about is there."""
    page = seen.page
    if path == "/":
        page.get_by_test_id("fleet-search").fill(PREFIX)
        expect(page.get_by_test_id(f"fleet-row-{PUMP}")).to_be_visible()
    elif path.startswith("/sensors/"):
        newest_s(seen)
        expect(page.get_by_test_id("command-identify")).to_be_visible()
    elif path == "/commands":
        page.get_by_label("Search sensors").fill(PREFIX)
        expect(page.get_by_role("checkbox", name=PUMP)).to_be_visible()
    else:
        expect(page.locator("[data-testid^=alarm-ack-]:visible").first).to_be_visible()


def actions(page: Page, path: str) -> list[Locator]:
    """What there is to do on that view."""
    if path == "/":
        return [page.get_by_test_id("fleet-search"), page.get_by_test_id(f"fleet-row-{PUMP}")]
    if path.startswith("/sensors/"):
        commands = page.locator("[data-testid^=command-]:is(button)").all()
        assert len(commands) >= 7
        return [*commands, *page.get_by_test_id("watch-span").get_by_role("button").all()]
    if path == "/alarms":
        return [page.locator("[data-testid^=alarm-ack-]:visible").first]
    return []
