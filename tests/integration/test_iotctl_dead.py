"""`iotctl dead` on the real stream: a letter is looked at, replayed once, dropped; the stream keeps all of them."""

import asyncio
import time
from pathlib import Path

from ctl.dead_handle import _LOCK
from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Pipeline, connect, running, wait_for
from tests.integration.relay import Relay, batch
from wire import names
from wire.codec import encode_measurements
from wire.dead import dead_letter
from wire.errors import Reason, WireError
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import Log, LogLevel, State, Status


def bury(
    stack: Stack,
    serial: str,
    *payloads: bytes,
    kind: Kind = Kind.KIND_MEASUREMENTS,
    reason: Reason = Reason.BAD_TEXT,
    age_s: float = 0,
) -> None:
    """Dead letters as a bridge or an ingester makes them."""

    async def publish() -> None:
        async with Relay(stack) as relay:
            for payload in payloads:
                letter = dead_letter(
                    WireError(reason, "a detail"),
                    origin=f"sensors/{serial}/measurements",
                    payload=payload,
                    time_ns=time.time_ns() - round(age_s * 1e9),
                    serial_number=serial,
                    kind=kind,
                )
                await relay.raw(names.DEAD_STREAM, letter)

    asyncio.run(publish())


def measured(*sequences: int) -> list[bytes]:
    return [encode_measurements(batch(sequence)) for sequence in sequences]


def offsets(iotctl: Iotctl, serial: str, *more: str) -> list[int]:
    """Oldest first."""
    return [row["offset"] for row in reversed(iotctl.json("dead", "list", "--sensor", serial, *more))]


def rows(pipeline: Pipeline, serial: str) -> list[int]:
    """Sequences of the rows of a sensor."""
    with pipeline.connect() as database:
        found = database.execute(
            "SELECT b.sequence FROM measurement_batch b JOIN sensor s ON s.id = b.sensor_id"
            " WHERE s.serial_number = %s ORDER BY 1",
            [serial],
        ).fetchall()
    return [sequence for (sequence,) in found]


def test_list_shows_the_newest_first_and_filters_narrow_it(stack: Stack, iotctl: Iotctl) -> None:
    """By reason, sensor and time, at most -n; every field of the letter is there."""
    bury(stack, "dead-list", b"1", reason=Reason.MALFORMED, age_s=3600)
    bury(stack, "dead-list", b"22", reason=Reason.BAD_TIME)
    newest, oldest = iotctl.json("dead", "list", "--sensor", "dead-list")
    assert (newest["reason"], newest["bytes"], newest["kind"], newest["handled"]) == (
        "bad_time",
        2,
        "measurements",
        None,
    )
    assert (oldest["reason"], oldest["detail"], oldest["origin"]) == (
        "malformed", "a detail", "sensors/dead-list/measurements",
    )  # fmt: skip
    assert newest["offset"] > oldest["offset"]
    assert offsets(iotctl, "dead-list", "--reason", "malformed") == [oldest["offset"]]
    assert offsets(iotctl, "dead-list", "--since", "10m") == [newest["offset"]]
    assert offsets(iotctl, "dead-list", "-n", "1") == [newest["offset"]]
    assert (
        "1 older ones are not shown" in iotctl.run("dead", "list", "--sensor", "dead-list", "-n", "1").stderr
    )
    assert "malformed" in iotctl("dead", "list", "--sensor", "dead-list")


def test_show_says_what_is_in_it_and_whether_it_would_be_taken(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """As protobuf reads it, and byte by byte; the payload can be had as a file."""
    [good], bad = measured(0), b"\xff\x1b[2Jbad"
    bury(stack, "dead-show", good, bad)
    first, second = offsets(iotctl, "dead-show")
    shown = iotctl("dead", "show", str(first))
    assert "this version would take it" in shown
    assert "sample_frequency_hz: 100.0" in shown
    assert good[:8].hex(" ") in shown
    shown = iotctl("dead", "show", str(second))
    assert "would refuse it again: malformed" in shown
    assert "protobuf makes nothing of it" in shown
    assert "\x1b" not in shown
    iotctl("dead", "show", str(second), "--payload", str(tmp_path / "payload"))
    assert (tmp_path / "payload").read_bytes() == bad
    assert iotctl.json("dead", "show", str(first))["payload"] == good.hex()
    assert "the last one is" in iotctl.refused(2, "dead", "show", "999999999")


def test_a_replayed_letter_becomes_a_row_exactly_once(stack: Stack, iotctl: Iotctl, tmp_path: Path) -> None:
    """Also when it is forced a second time; without force it is refused, and the list shows it no more."""
    bury(stack, "dead-replay", *measured(0, 1, 2))
    first, *others = offsets(iotctl, "dead-replay")
    with running(stack, tmp_path) as pipeline:
        pipeline.ingest().wait_ready()
        assert iotctl("dead", "replay", str(first)) == "replayed 1\n"
        wait_for(lambda: rows(pipeline, "dead-replay") == [0], 20, "the row of the replayed letter")
        assert offsets(iotctl, "dead-replay") == others
        assert "was replayed by" in iotctl.refused(2, "dead", "replay", str(first))
        assert iotctl("dead", "replay", "--sensor", "dead-replay", "-y") == "replayed 2\n"
        wait_for(lambda: rows(pipeline, "dead-replay") == [0, 1, 2], 20, "the other rows")
        assert iotctl("dead", "replay", "--sensor", "dead-replay", "-y") == "replayed 0\n"
        assert iotctl("dead", "replay", "--force", str(first)) == "replayed 1\n"
        bury(stack, "dead-replay", *measured(3))
        iotctl("dead", "replay", "--sensor", "dead-replay", "-y")
        wait_for(lambda: 3 in rows(pipeline, "dead-replay"), 20, "a row behind the one that was forced")
        assert rows(pipeline, "dead-replay") == [0, 1, 2, 3]
        with pipeline.connect() as database:
            [(count, missing)] = database.execute(
                "SELECT batch_count, missing FROM sensor_overview WHERE serial_number = 'dead-replay'"
            ).fetchall()
        assert (count, missing) == (4, 0)
    [marked, *_] = reversed(iotctl.json("dead", "list", "--sensor", "dead-replay", "--handled"))
    assert marked["handled"] == "replayed"
    assert "@" in marked["handled_by"]


def test_replay_brings_log_lines_to_the_log_stream(stack: Stack, iotctl: Iotctl, tmp_path: Path) -> None:
    """Of the sensor that logged them."""
    line = Log(time_ns=time.time_ns(), level=LogLevel.LOG_LEVEL_ERROR, logger="adc", message="again")
    bury(stack, "dead-log", line.SerializeToString(), kind=Kind.KIND_LOG)
    with running(stack, tmp_path) as pipeline:
        pipeline.ingest("logs").wait_ready()
        iotctl("dead", "replay", "--sensor", "dead-log", "-y")

        def written() -> bool:
            with pipeline.connect() as database:
                query = "SELECT count(*) FROM sensor_log l JOIN sensor s ON s.id = l.sensor_id WHERE serial_number = 'dead-log'"
                return database.execute(query).fetchone() == (1,)

        wait_for(written, 20, "the log line")


def test_replay_of_a_status_needs_an_account_that_may_publish_it(
    stack: Stack, iotctl: Iotctl, tmp_path: Path
) -> None:
    """An operator may give commands, not speak for sensors: exit code 4, and the letter stays. control may."""
    status = Status(state=State.STATE_ASLEEP, time_ns=time.time_ns()).SerializeToString()
    bury(stack, "dead-status", status, kind=Kind.KIND_STATUS)
    [offset] = offsets(iotctl, "dead-status")
    iotctl.refused(4, "dead", "replay", str(offset))
    assert offsets(iotctl, "dead-status") == [offset]
    with running(stack, tmp_path) as pipeline:
        pipeline.ingest("registry").wait_ready()
        assert Iotctl(stack, tmp_path, "control")("dead", "replay", str(offset)) == "replayed 1\n"

        def known() -> bool:
            with pipeline.connect() as database:
                query = "SELECT state FROM sensor WHERE serial_number = 'dead-status'"
                return database.execute(query).fetchone() == ("ASLEEP",)

        wait_for(known, 20, "the status")
    assert offsets(iotctl, "dead-status") == []


def test_replay_leaves_what_would_be_refused_again(stack: Stack, iotctl: Iotctl) -> None:
    """Named, it is an error with exit code 1; chosen by a filter, it is counted."""
    bury(stack, "dead-bad", b"\xff\xff", *measured(0))
    bad, _good = offsets(iotctl, "dead-bad")
    assert "would refuse it again: malformed" in iotctl.refused(1, "dead", "replay", str(bad))
    result = iotctl.run("dead", "replay", "--sensor", "dead-bad", "-y")
    assert result.stdout == "replayed 1\n"
    assert "left 1 that would be refused again (malformed)" in result.stderr
    assert offsets(iotctl, "dead-bad") == [bad]


def test_drop_marks_letters_and_handled_shows_them(stack: Stack, iotctl: Iotctl) -> None:
    """By offset and by filter; many at once."""
    bury(stack, "dead-drop", *(bytes([i]) for i in range(120)))
    first, *others = offsets(iotctl, "dead-drop", "-n", "1000")
    assert iotctl("dead", "drop", str(first)) == "dropped 1\n"
    assert "was dropped by" in iotctl.refused(2, "dead", "drop", str(first))
    assert offsets(iotctl, "dead-drop", "-n", "1000") == others
    assert iotctl("dead", "drop", "--sensor", "dead-drop", "--reason", "bad_text", "-y") == "dropped 119\n"
    assert offsets(iotctl, "dead-drop") == []
    assert len(offsets(iotctl, "dead-drop", "--handled", "-n", "1000")) == 120


def test_letters_are_chosen_by_offsets_or_by_filters_and_never_by_nothing(iotctl: Iotctl) -> None:
    """Exit code 2, and nothing is done."""
    for verb in ("replay", "drop"):
        assert "which letters?" in iotctl.refused(2, "dead", verb)
        assert "not both" in iotctl.refused(2, "dead", verb, "1", "--all")


def test_two_who_handle_letters_at_once_do_not_replay_one_twice(stack: Stack, iotctl: Iotctl) -> None:
    """The second is told to wait, with exit code 1."""
    with connect(stack, "control") as database:
        database.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        assert "another iotctl" in iotctl.refused(1, "dead", "drop", "--all", "-y")


def test_a_viewer_reads_letters_and_may_not_handle_them(stack: Stack, tmp_path: Path, iotctl: Iotctl) -> None:
    """Exit code 4, before anything is published."""
    bury(stack, "dead-viewer", *measured(0))
    viewer = Iotctl(stack, tmp_path, "viewer")
    [offset] = offsets(viewer, "dead-viewer")
    for verb in ("replay", "drop"):
        assert "may not replay or drop" in viewer.refused(4, "dead", verb, str(offset))
    assert offsets(iotctl, "dead-viewer") == [offset]


def test_rabbitmq_that_is_away_or_refuses_is_a_sentence(iotctl: Iotctl) -> None:
    """Exit codes 3 and 4."""
    iotctl.environment["STREAMING_RABBITMQ_PASSWORD"] = "wrong"
    assert "refuses" in iotctl.refused(4, "dead", "list")
    iotctl.environment["STREAMING_RABBITMQ_STREAM_PORT"] = "1"
    assert "cannot reach RabbitMQ's streams" in iotctl.refused(3, "dead", "list")
