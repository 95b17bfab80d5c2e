"""What the live page's service says of fleet, sensors and history, on the real database."""

import asyncio
import time
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest

from runtime.health import Health
from stack.local import Stack
from tests.integration import stored
from tests.integration.pipeline import Database
from tests.integration.web_fleet import PREFIX, SENSORS, known, make_alarm
from tests.integration.web_page import Page, one, serving
from web.binning import Grid
from web.config import WebSettings
from web.database import Database as WebDatabase
from web.history import read as read_history


@pytest.fixture(scope="module")
def page(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving(stack, tmp_path_factory.mktemp("web"), PREFIX) as one:
        yield one


@pytest.fixture
def owner(stack: Stack) -> Iterator[Database]:
    with known(stack) as database:
        yield database


@pytest.fixture
def viewer(page: Page, owner: Database) -> Iterator[httpx.Client]:
    with page.browser(page.user("vera")) as browser:
        yield browser


def fleet(browser: httpx.Client, **asked: Any) -> Any:
    answer = browser.get("/api/fleet", params={"query": PREFIX, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def serials(answer: Any) -> list[str]:
    return [row["serial_number"] for row in answer["rows"]]


# The fleet.
def test_fleet_says_of_each_sensor_what_the_overview_does(viewer: httpx.Client, owner: Database) -> None:
    """By serial number; sums are the whole fleet's."""
    answer = fleet(viewer)
    assert serials(answer) == SENSORS
    assert answer["matching"] == 10
    assert answer["total"] >= 10
    assert sum(answer["counts"].values()) == answer["total"]
    assert answer["counts"]["ASLEEP"] >= 2
    assert answer["counts"]["unknown"] >= 1
    assert answer["missing"] == one(owner, "SELECT sum(missing) FROM sensor_overview")
    assert abs(answer["at"] - time.time() * 1000) < 5000
    row = answer["rows"][2]
    assert row == {
        "serial_number": SENSORS[2],
        "sensor_type": "tilt",
        "target": "Webapi pump",
        "state": "AWAKE",
        "sample_frequency_hz": 102,
        "maximum_sample_frequency_hz": 1000,
        "battery_percent": None,  # NaN, which JSON has not
        "rssi_dbm": -60,
        "last_measured_at": 1_760_000_002_000,
        "missing": 2,
        "batch_count": 108,
        "latency_s": 0.25,
        "severity": 0,
    }


@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        ("serial_number", range(10)),
        ("sample_frequency_hz", range(10)),
        ("last_measured_at", range(10)),
        ("missing", range(10)),
        ("batch_count", reversed(range(10))),
        ("state", [4, 5, 0, 1, 2, 3, 6, 7, 8, 9]),
        ("sensor_type", [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]),
        ("target", range(10)),
        ("severity", [0, 1, 2, 3, 4, 5, 7, 8, 9, 6]),
        ("latency_s", range(10)),
    ],
)
def test_fleet_is_sorted_by_any_column_and_paged(
    viewer: httpx.Client, owner: Database, sort: str, ascending: Any
) -> None:
    """Equal ones by serial number; unknown ones last both ways; pages put together are the whole."""
    make_alarm(owner, SENSORS[6])
    wanted = [SENSORS[number] for number in ascending]
    assert serials(fleet(viewer, sort=sort)) == wanted
    pages = [fleet(viewer, sort=sort, offset=offset, limit=3) for offset in (0, 3, 6, 9, 12)]
    assert [serial for one in pages for serial in serials(one)] == wanted
    assert {one["matching"] for one in pages} == {10}
    down = serials(fleet(viewer, sort=sort, descending=1))
    if sort in ("serial_number", "sample_frequency_hz", "last_measured_at", "missing", "batch_count"):
        assert down == wanted[::-1]
    if sort == "severity":
        assert down[0] == SENSORS[6]
    if sort == "state":
        assert down == [SENSORS[number] for number in (0, 1, 2, 3, 6, 7, 8, 4, 5, 9)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"query": "WEBAPI-03"}, [3]),
        ({"query": "webapi pump"}, [0, 1, 2]),
        ({"query": "webapi-%"}, []),
        ({"query": "webapi_0"}, []),
        ({"state": "ASLEEP"}, [4, 5]),
        ({"state": "unknown"}, [9]),
        ({"query": "webapi pump", "state": "ASLEEP"}, []),
    ],
)
def test_fleet_is_searched_in_serial_numbers_targets_and_types(
    viewer: httpx.Client, asked: dict[str, str], found: list[int]
) -> None:
    """Capitals do not matter, and no character means another."""
    answer = fleet(viewer, **asked)
    mine = [serial for serial in serials(answer) if serial in SENSORS]
    assert mine == [SENSORS[number] for number in found]
    assert answer["matching"] == len(answer["rows"])


def test_positions_are_the_sensors_newest_or_the_targets(viewer: httpx.Client, owner: Database) -> None:
    """Those of which neither is known are left out."""
    make_alarm(owner, SENSORS[2])
    told = viewer.get("/api/positions").json()
    mine = {row["serial_number"]: row for row in told["sensors"] if row["serial_number"] in SENSORS}
    assert {serial: (row["latitude"], row["longitude"]) for serial, row in mine.items()} == {
        SENSORS[0]: (48.1, 11.5),
        SENSORS[1]: (-33.9, 151.2),
        SENSORS[2]: (48.1, 11.5),
    }
    assert (mine[SENSORS[2]]["severity"], mine[SENSORS[2]]["target"]) == (500, "Webapi pump")


def test_sensor_is_told_with_channels_alarms_commands_and_logs(viewer: httpx.Client, owner: Database) -> None:
    """A channel that no birth has named is there as well, when it measured just now."""
    sensor = one(owner, "SELECT id FROM sensor WHERE serial_number = %s", SENSORS[0])
    owner.execute("INSERT INTO channel VALUES (%s, 0, 'x', 'acceleration', 'g', -16, 16)", [sensor])
    stored.batch(owner, sensor, time.time_ns(), np.ones(10, np.float32), 100.0, channel=3)
    alarm = make_alarm(owner, SENSORS[0])
    owner.execute(
        "INSERT INTO command (id, sensor_id, name, issued_at, queued_at, expires_at) VALUES"
        " (gen_random_uuid(), %s, 'sleep', now(), now(), now() + INTERVAL '1 h')",
        [sensor],
    )
    owner.execute(
        "INSERT INTO sensor_log (time, time_ns, sensor_id, level, logger, message, digest)"
        " VALUES (now(), 0, %s, 4, 'wifi', 'it is lost', '\\x00')",
        [sensor],
    )
    told = viewer.get(f"/api/sensors/{SENSORS[0]}").json()
    assert told["sensor"]["serial_number"] == SENSORS[0]
    assert (told["sensor"]["hardware"], told["sensor"]["firmware_version"]) == ("ESP32", "1.2")
    assert (told["sensor"]["latitude"], told["sensor"]["severity"]) == (48.1, 500)
    assert told["channels"] == [
        {"number": 0, "name": "x", "quantity": "acceleration", "unit": "g", "minimum": -16, "maximum": 16},
        {"number": 3, "name": "", "quantity": "", "unit": "", "minimum": None, "maximum": None},
    ]
    assert [row["id"] for row in told["alarms"]] == [str(alarm)]
    assert [(row["name"], row["status"]) for row in told["commands"]] == [("sleep", "QUEUED")]
    assert [(row["level"], row["message"]) for row in told["logs"]] == [("ERROR", "it is lost")]
    answer = viewer.get("/api/sensors/webapi-none")
    assert (answer.status_code, answer.json()["error"]) == (404, "There is no sensor webapi-none.")


def test_many_viewers_cost_the_database_as_little_as_one(page: Page, viewer: httpx.Client) -> None:
    """Fifty who ask the same at once, twice: it is asked for each second at most once."""
    before = page.service.metric("web_cache_total", found="nothing")
    began = time.monotonic()

    async def ask() -> list[int]:
        cookies = dict(viewer.cookies)
        async with httpx.AsyncClient(base_url=page.url, cookies=cookies, timeout=20) as many:
            path = f"/api/fleet?query={uuid.uuid4()}"
            answers = await asyncio.gather(*(many.get(path) for _ in range(100)))
            return [answer.status_code for answer in answers]

    assert set(asyncio.run(ask())) == {200}
    seconds = time.monotonic() - began
    assert page.service.metric("web_cache_total", found="nothing") - before <= 1 + seconds


def test_large_answers_are_compressed_for_who_takes_it(viewer: httpx.Client) -> None:
    """Once, whoever asks; small ones are not."""
    answer = viewer.get("/api/fleet", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    plain = viewer.get("/api/fleet", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json()["total"] == answer.json()["total"]
    assert "content-encoding" not in viewer.get("/api/session").headers


# History.
START_NS = 1_760_000_000_000_000_000
START_MS = START_NS // 1_000_000


def history(browser: httpx.Client, from_ms: float, to_ms: float, bins: int = 10, channel: int = 0) -> Any:
    asked = {"from": from_ms, "to": to_ms, "bins": bins, "channel": channel}
    answer = browser.get(f"/api/sensors/{SENSORS[0]}/history", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def sine(owner: Database) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Ten batches of 100 samples at 100 Hz, from START_NS on, with their features; the sixth is missing."""
    sensor = one(owner, "SELECT id FROM sensor WHERE serial_number = %s", SENSORS[0])
    owner.execute("INSERT INTO channel VALUES (%s, 0, 'x', 'acceleration', 'g', -16, 16)", [sensor])
    owner.execute("DELETE FROM sensor_session WHERE sensor_id = %s", [sensor])
    samples = (np.sin(np.arange(1000) / 7) * np.arange(1000)).astype(np.float32)
    for number, part in enumerate(np.split(samples, 10)):
        if number == 5:
            continue
        start_ns = START_NS + number * 1_000_000_000
        stored.batch(owner, sensor, start_ns, part, 100.0, sequence=number)
        owner.execute(
            "UPDATE measurement_batch SET minimum = %s, maximum = %s, rms = %s WHERE sensor_id = %s AND time_ns = %s",
            [
                *(float(part.min()), float(part.max()), float(np.sqrt(np.mean(part.astype(float) ** 2)))),
                *(sensor, start_ns),
            ],
        )
    return samples


@pytest.mark.parametrize(
    ("from_s", "to_s", "bins"),
    [(0, 10, 100), (0, 10, 10), (2, 8, 3), (0.5, 1.5, 50), (-5, 20, 25), (3.2, 3.3, 10)],
)
def test_history_is_that_of_the_samples_in_each_bin(
    viewer: httpx.Client,
    sine: np.ndarray[Any, np.dtype[np.float32]],
    from_s: float,
    to_s: float,
    bins: int,
) -> None:
    """From samples where bins are shorter than batches, from batches' features where they are longer; null in gaps."""
    told = history(viewer, START_MS + from_s * 1000, START_MS + to_s * 1000, bins)
    assert told["unit"] == "g"
    assert told["start_ms"] == START_MS + from_s * 1000
    assert told["bin_ms"] == pytest.approx((to_s - from_s) * 1000 / bins)
    assert told["thinned"] is False
    times = np.arange(1000) / 100
    present = np.arange(1000) // 100 != 5
    for number in range(bins):
        low, high = (from_s + (to_s - from_s) * k / bins for k in (number, number + 1))
        inside = sine[(times >= low - 1e-9) & (times < high - 1e-9) & present].astype(float)
        found = [told[key][number] for key in ("minimum", "maximum", "rms")]
        if not len(inside):
            assert found == [None, None, None]
        else:
            rms = float(np.sqrt(np.mean(inside**2)))
            assert found == pytest.approx([inside.min(), inside.max(), rms], rel=1e-5, abs=1e-6)


def test_history_of_what_never_measured_is_all_null(viewer: httpx.Client, owner: Database) -> None:
    """A channel that there is not, and a time before everything."""
    for channel, from_ms in ((0, 0), (7, START_MS)):
        told = history(viewer, from_ms, from_ms + 10_000, 5, channel)
        assert told["minimum"] == told["maximum"] == told["rms"] == [None] * 5


def test_history_of_too_many_samples_is_that_of_batches(viewer: httpx.Client, owner: Database) -> None:
    """Long batches of 65,536 samples at 100 kHz: half a minute in 0.1 s bins would be three million."""
    sensor = one(owner, "SELECT id FROM sensor WHERE serial_number = %s", SENSORS[0])
    owner.execute("DELETE FROM sensor_session WHERE sensor_id = %s", [sensor])
    for number in range(46):
        stored.many(
            owner, sensor, START_NS + number * 655_360_000, 65_536, per_batch=65_536, frequency_hz=100_000.0
        )
        owner.execute("DELETE FROM sensor_session WHERE sensor_id = %s", [sensor])
    owner.execute(
        "UPDATE measurement_batch SET minimum = -7, maximum = 7, rms = 5 WHERE sensor_id = %s", [sensor]
    )
    told = history(viewer, START_MS, START_MS + 30_000, 300)
    assert told["minimum"] == [-7.0] * 300
    assert told["rms"] == [5.0] * 300


async def test_history_of_too_many_batches_is_of_some_of_each_bin(
    stack: Stack, owner: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says so; where a bin holds no more than are read it is whole."""
    sensor = one(owner, "SELECT id FROM sensor WHERE serial_number = %s", SENSORS[0])
    owner.execute("DELETE FROM sensor_session WHERE sensor_id = %s", [sensor])
    stored.many(owner, sensor, START_NS, 1000, per_batch=1, frequency_hz=10.0)  # 100 s
    owner.execute(
        "UPDATE measurement_batch SET minimum = sequence, maximum = sequence, rms = 1 WHERE sensor_id = %s",
        [sensor],
    )
    monkeypatch.setattr("web.history._MOST_BATCHES", 100)
    monkeypatch.setattr("web.history._SLICE_NS", 7 * 10**9)
    for name, value in stack.environment("web").items():
        monkeypatch.setenv(name, value)
    database = WebDatabase(WebSettings(), Health(), 1)
    parts: Any = SimpleNamespace(database=database)
    grid = Grid(START_NS, 2 * 10**9, 50)
    exact = np.arange(50) * 20
    for most, thinned in ((5, True), (100, False)):
        monkeypatch.setattr("web.history._THINNED", most)
        told = await read_history(parts, SENSORS[0], 0, grid)
        assert told["thinned"] is thinned
        assert told["minimum"] == exact.tolist()
        assert told["maximum"] == (exact + min(most, 20) - 1).tolist()
    await database.close()
