"""Commands by `iotctl`, from the operator's keyboard to the sensor and back, on the real servers."""

import json
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.pipeline import Pipeline, Service, running, wait_for

FLEET = ["--sensors", "12", "--prefix", "ctl-"]


class Site:
    """Services and a fleet of twelve sensors (pumps, a vehicle, temperatures), and an operator."""

    def __init__(self, stack: Stack, pipeline: Pipeline, folder: Path) -> None:
        self.stack = stack
        self.pipeline = pipeline
        self.iotctl = Iotctl(stack, folder)
        self._folder = folder
        self._starts = 0
        self.bridge = pipeline.bridge().wait_ready()
        for kind in ("measurements", "registry", "logs"):
            pipeline.ingest(kind).wait_ready()
        self.emulator = self.start_fleet()
        wait_for(lambda: len(self.sensors()) == 12, 20, "all are registered")

    def start_fleet(self) -> Service:
        from emulator.fleet_plan import Fleet, serial_numbers

        self._starts += 1
        report = self._folder / f"report-{self._starts}.json"
        serials = serial_numbers(Fleet(12, "ctl-"))
        return self.pipeline.emulator(*FLEET, report=report, serials=serials).wait_ready()

    def sensors(self) -> list[dict[str, Any]]:
        return [row for row in self.iotctl.json("sensors", "--match", "ctl-*") if row["sensor_type"]]

    def sensor(self, serial: str) -> dict[str, Any]:
        known: dict[str, Any] = self.iotctl.json("sensor", serial)
        return known

    def audit(self, serial: str, **wanted: Any) -> list[dict[str, Any]]:
        found = self.iotctl.json("commands", "--sensor", serial, "-n", "1000")
        return [row for row in found if wanted.items() <= row.items()]


@pytest.fixture(scope="module")
def site(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("iotctl")
    with running(stack, folder) as pipeline:
        yield Site(stack, pipeline, folder)


@pytest.fixture
def iotctl(site: Site) -> Iotctl:
    return site.iotctl


def outcome(iotctl: Iotctl, *arguments: str) -> dict[str, Any]:
    [only] = iotctl.json(*arguments)
    return dict(only)


def test_sleep_and_awake_are_applied_audited_and_seen(site: Site, iotctl: Iotctl) -> None:
    """The answer says the new state, the registry follows, and the audit knows who and when."""
    said = outcome(iotctl, "sleep", "ctl-pump-0007")
    assert (said["status"], said["state"], said["reason"]) == ("APPLIED", "ASLEEP", "")
    wait_for(lambda: site.sensor("ctl-pump-0007")["state"] == "ASLEEP", 10, "the registry says ASLEEP")
    assert outcome(iotctl, "awake", "ctl-pump-0007")["state"] == "AWAKE"
    wait_for(lambda: site.sensor("ctl-pump-0007")["state"] == "AWAKE", 10, "the registry says AWAKE")

    wait_for(lambda: len(site.audit("ctl-pump-0007", name="sleep", status="APPLIED")) == 1, 10, "the audit")
    [kept] = site.audit("ctl-pump-0007", name="sleep")
    assert kept["id"] == said["id"]
    assert kept["issuer"] == "operator"
    assert "@" in kept["client"]
    steps = [kept[step] for step in ("issued_at", "queued_at", "sent_at", "ended_at")]
    assert None not in steps
    assert kept["issued_at"] < kept["ended_at"] < kept["expires_at"]


def test_sleep_for_a_time_wakes_by_itself(site: Site, iotctl: Iotctl) -> None:
    """Without another command."""
    assert outcome(iotctl, "sleep", "ctl-pump-0002", "--for", "1s")["state"] == "ASLEEP"
    wait_for(lambda: site.sensor("ctl-pump-0002")["state"] == "AWAKE", 15, "it is awake again")


def test_changed_sample_frequency_is_that_of_the_next_batches(site: Site, iotctl: Iotctl) -> None:
    """In both ways to say it; the answer and the registry agree."""
    assert outcome(iotctl, "change-sample-frequency", "ctl-pump-0007", "500")["sample_frequency_hz"] == 500
    said = outcome(iotctl, "change-sample-frequency", "ctl-pump-0007", "--to", "250")
    assert (said["status"], said["sample_frequency_hz"]) == ("APPLIED", 250)
    wait_for(lambda: site.sensor("ctl-pump-0007")["sample_frequency_hz"] == 250, 10, "the registry")
    with site.pipeline.connect() as database:

        def measured() -> bool:
            row = database.execute(
                "SELECT count(*) FROM measurement_batch b JOIN sensor s ON s.id = b.sensor_id"
                " WHERE s.serial_number = 'ctl-pump-0007' AND b.sample_frequency_hz = 250 AND sample_count = 250"
            ).fetchone()
            return bool(row and row[0])

        wait_for(measured, 15, "batches of 250 Hz")


def test_identify_and_trigger_alarm_are_heard_in_the_log(site: Site, iotctl: Iotctl) -> None:
    """A sensor without a lamp says it."""
    assert outcome(iotctl, "identify", "ctl-temp-0006")["status"] == "APPLIED"
    alarm = ("--alarm-id", "overspeed", "--severity", "800", "--action", "stop the pump")
    assert outcome(iotctl, "trigger-alarm", "ctl-temp-0006", *alarm)["status"] == "APPLIED"

    def heard() -> bool:
        said = {(line["level"], line["message"]) for line in site.sensor("ctl-temp-0006")["logs"]}
        return {("INFO", "here I am"), ("WARNING", "alarm overspeed: stop the pump")} <= said

    wait_for(heard, 10, "both lines")


def test_reboot_begins_a_new_session(site: Site, iotctl: Iotctl) -> None:
    """State and frequency survive it."""
    before = site.sensor("ctl-pump-0003")
    assert outcome(iotctl, "reboot", "ctl-pump-0003")["status"] == "APPLIED"
    wait_for(lambda: site.sensor("ctl-pump-0003")["session"] != before["session"], 10, "a new session")
    assert site.sensor("ctl-pump-0003")["sample_frequency_hz"] == before["sample_frequency_hz"]


def test_resend_brings_back_what_the_database_lost(site: Site, iotctl: Iotctl) -> None:
    """Without being told what is missing; what is there is not written twice."""
    serial = "ctl-pump-0004"
    wait_for(lambda: site.sensor(serial)["sessions"][0]["batch_count"] >= 6, 20, "some batches")
    with site.pipeline.connect("owner") as database:
        gone = database.execute(
            "DELETE FROM measurement_batch b USING sensor s WHERE s.id = b.sensor_id"
            " AND s.serial_number = %s AND b.sequence IN (1, 2, 4) RETURNING b.sequence",
            [serial],
        ).fetchall()
        database.execute(
            "UPDATE sensor_session x SET batch_count = batch_count - 3 FROM sensor s"
            " WHERE s.id = x.sensor_id AND s.serial_number = %s",
            [serial],
        )
        assert len({sequence for (sequence,) in gone}) == 3
    assert site.sensor(serial)["missing"] == 3
    # the ring's bounds come with the next status
    assert outcome(iotctl, "identify", serial)["status"] == "APPLIED"
    wait_for(lambda: site.sensor(serial)["oldest_buffered_sequence"] == 0, 10, "the ring's bounds")

    answers = iotctl.json("resend", serial)
    assert [answer["status"] for answer in answers] == ["APPLIED", "APPLIED"]
    wait_for(lambda: site.sensor(serial)["missing"] == 0, 10, "nothing is missing")
    with site.pipeline.connect() as database:
        rows = database.execute(
            "SELECT count(*), count(DISTINCT (b.channel, b.sequence)) FROM measurement_batch b"
            " JOIN sensor s ON s.id = b.sensor_id WHERE s.serial_number = %s AND b.sequence IN (1, 2, 4)",
            [serial],
        ).fetchone()
    assert rows == (len(gone), len(gone))
    ranges = [row["parameters"] for row in site.audit(serial, name="resend")]
    assert sorted((one["first_sequence"], one["last_sequence"]) for one in ranges) == [(1, 2), (4, 4)]
    assert "nothing is missing" in iotctl.run("resend", serial).stderr


def test_resend_of_what_the_ring_has_forgotten_is_rejected_with_how_much(iotctl: Iotctl) -> None:
    """Exit code 1, and the sensor's own words."""
    result = iotctl.run(
        "resend", "ctl-pump-0005", "--first", "4000000", "--last", "4000009", "--output", "json"
    )
    assert result.exit_code == 1
    [said] = json.loads(result.stdout)
    assert (said["status"], said["reason"]) == ("REJECTED", "10 of 10 batches are no longer buffered")


@pytest.mark.parametrize("value", ["0", "nan", "inf", "1e9", "fast"])
def test_value_that_no_sensor_takes_is_refused_before_it_is_sent(
    site: Site, iotctl: Iotctl, value: str
) -> None:
    """Exit code 2; the audit knows nothing of it."""
    before = len(site.audit("ctl-pump-0005"))
    said = iotctl.refused(2, "change-sample-frequency", "ctl-pump-0005", value)
    assert "Hz" in said
    assert len(site.audit("ctl-pump-0005")) == before


def test_unknown_sensor_is_refused_with_what_may_have_been_meant(iotctl: Iotctl) -> None:
    """Nothing is sent to anybody, also where the others are known."""
    said = iotctl.refused(2, "sleep", "ctl-pump-0005", "ctl-pmup-0005")
    assert "there is no sensor 'ctl-pmup-0005'" in said
    assert "did you mean 'ctl-pump-0005'" in said


def test_sensor_judges_again_what_the_registry_did_not_know(site: Site, iotctl: Iotctl) -> None:
    """A frequency above its maximum is rejected by the sensor itself, where nobody has declared it."""
    with site.pipeline.connect("owner") as database:
        database.execute(
            "UPDATE sensor SET maximum_sample_frequency_hz = NULL WHERE serial_number = 'ctl-pump-0005'"
        )
    result = iotctl.run("change-sample-frequency", "ctl-pump-0005", "1e9", "--output", "json")
    assert result.exit_code == 1
    [said] = json.loads(result.stdout)
    assert said["status"] == "REJECTED"
    assert "is not between" in said["reason"]


def test_many_at_once_are_chosen_by_filters(iotctl: Iotctl) -> None:
    """By target, type and pattern; each answers once."""
    iotctl("targets", "add", "Pump house")
    iotctl("targets", "assign", "Pump house", "ctl-pump-0007", "ctl-pump-0002")
    by_target = iotctl.json("identify", "--target", "Pump house", "-y")
    assert {row["serial_number"] for row in by_target} == {"ctl-pump-0007", "ctl-pump-0002"}
    by_type = iotctl.json("identify", "--type", "temperature", "--match", "ctl-*", "-y")
    assert by_type
    assert all("temp" in row["serial_number"] for row in by_type)
    by_match = iotctl.json("identify", "--match", "ctl-*", "-y")
    assert len(by_match) == 12
    assert {row["status"] for row in by_target + by_type + by_match} == {"APPLIED"}


def test_many_that_nobody_confirms_are_told_nothing(site: Site, iotctl: Iotctl) -> None:
    """A script says --yes; without a terminal there is nobody to ask."""
    before = len(site.audit("ctl-pump-0007"))
    assert "say --yes" in iotctl.refused(2, "sleep", "--all")
    assert len(site.audit("ctl-pump-0007")) == before


def test_no_wait_returns_when_rabbitmq_holds_it(site: Site, iotctl: Iotctl) -> None:
    """And the sensor gets it all the same."""
    said = outcome(iotctl, "identify", "ctl-pump-0007", "--no-wait")
    assert said["status"] == "QUEUED"
    wait_for(lambda: site.audit("ctl-pump-0007", id=said["id"], status="APPLIED"), 10, "it is applied")


def test_command_without_a_session_at_the_broker_is_unreachable(site: Site, iotctl: Iotctl) -> None:
    """A sensor that is registered and has never connected."""
    with site.pipeline.connect("ingest") as database:
        database.execute("INSERT INTO sensor (serial_number) VALUES ('ctl-never-1')")
    result = iotctl.run("awake", "ctl-never-1", "--output", "json")
    assert result.exit_code == 1
    [said] = json.loads(result.stdout)
    assert said["status"] == "UNREACHABLE"
    wait_for(lambda: site.audit("ctl-never-1", status="UNREACHABLE"), 10, "the audit")


def test_offline_sensor_applies_what_waits_and_never_what_is_too_late(site: Site, iotctl: Iotctl) -> None:
    """Not answered is exit code 5 and says what happens next; commands wait in the sensor's session."""
    assert site.emulator.stop() == 0
    said = iotctl.refused(5, "change-sample-frequency", "ctl-pump-0002", "400", "--timeout", "1s")
    assert "1 of 1 not answered within 1.0 s" in said
    assert "iotctl commands" in said
    iotctl.refused(5, "sleep", "ctl-pump-0002", "--timeout", "1s", "--expires", "2s")
    wait_for(
        lambda: site.audit("ctl-pump-0002", name="change_sample_frequency", status="SENT"), 10, "one waits"
    )
    wait_for(lambda: site.audit("ctl-pump-0002", name="sleep", status="EXPIRED"), 10, "the other is expired")
    site.emulator = site.start_fleet()
    wait_for(
        lambda: site.audit("ctl-pump-0002", name="change_sample_frequency", status="APPLIED"), 20, "applied"
    )
    known = site.sensor("ctl-pump-0002")
    assert (known["sample_frequency_hz"], known["state"]) == (400, "AWAKE")
    assert site.audit("ctl-pump-0002", name="sleep")[0]["status"] == "EXPIRED"


def test_bridge_killed_between_sent_and_the_answer_loses_neither(site: Site, iotctl: Iotctl) -> None:
    """The operator who waits gets the answer by the next bridge."""
    site.emulator.process.send_signal(signal.SIGSTOP)
    try:
        waiting = iotctl.start("identify", "ctl-pump-0007", "--timeout", "60s", "--output", "json")
        wait_for(lambda: site.audit("ctl-pump-0007", name="identify", status="SENT"), 20, "it is sent")
        site.bridge.kill()
    finally:
        site.emulator.process.send_signal(signal.SIGCONT)
    site.bridge = site.pipeline.bridge().wait_ready()
    stdout, stderr = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, stderr
    [said] = json.loads(stdout)
    assert said["status"] == "APPLIED"


def test_two_operators_at_once_hear_their_own_answers(site: Site, iotctl: Iotctl, tmp_path: Path) -> None:
    """Each all of its own, and the audit tells them apart."""
    other = Iotctl(site.stack, tmp_path, role="control")
    both = [
        one.start("identify", "--match", "ctl-pump-*", "-y", "--output", "json") for one in (iotctl, other)
    ]
    ids = []
    for process in both:
        stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
        answers = json.loads(stdout)
        assert {row["status"] for row in answers} == {"APPLIED"}
        ids.append({row["id"] for row in answers})
    assert not ids[0] & ids[1]
    for issuer, own in zip(("operator", "control"), ids, strict=True):
        found = {row["id"] for row in iotctl.json("commands", "--issuer", issuer, "-n", "1000")}
        wait_for(
            lambda issuer=issuer, own=own: (
                own  # type: ignore[misc]  # of this round
                <= {row["id"] for row in iotctl.json("commands", "--issuer", issuer, "-n", "1000")}
            ),
            10,
            f"{issuer} has all of its own, beside {len(found)}",
        )


def test_viewer_may_look_and_not_steer(site: Site, tmp_path: Path) -> None:
    """Exit code 4, and a sentence of what is not allowed."""
    viewer = Iotctl(site.stack, tmp_path, role="viewer")
    assert "ctl-pump-0007" in viewer("sensors")
    before = len(site.audit("ctl-pump-0007"))
    for waiting in ("--wait", "--no-wait"):
        said = viewer.refused(4, "sleep", "ctl-pump-0007", waiting)
        assert "RabbitMQ's user 'viewer' may not give commands" in said
    assert len(site.audit("ctl-pump-0007")) == before
    assert site.sensor("ctl-pump-0007")["state"] == "AWAKE"


def test_rabbitmq_away_is_one_sentence_and_exit_code_3(site: Site, iotctl: Iotctl) -> None:
    """Nothing was sent, and it names the address; the fleet goes on when it is back."""
    site.stack.servers["rabbitmq"].stop()
    try:
        said = iotctl.refused(3, "sleep", "ctl-pump-0007")
        assert str(iotctl.environment["STREAMING_RABBITMQ_AMQP_PORT"]) in said
        assert len(said.strip().splitlines()) == 1
    finally:
        site.stack.servers["rabbitmq"].start()
        site.stack.wait_ready("rabbitmq")
    wait_for(site.bridge.ready, 30, "the bridge is back")
    assert outcome(iotctl, "identify", "ctl-pump-0007", "--timeout", "30s")["status"] == "APPLIED"


def test_rabbitmq_lost_while_waiting_says_what_goes_on(site: Site, iotctl: Iotctl) -> None:
    """The command is in the queue, and applied when all is back."""
    site.emulator.process.send_signal(signal.SIGSTOP)
    try:
        waiting = iotctl.start("sleep", "ctl-pump-0003", "--for", "1s", "--timeout", "60s")
        wait_for(lambda: site.audit("ctl-pump-0003", name="sleep", status="SENT"), 20, "it is sent")
        site.stack.restart("rabbitmq")
    finally:
        site.emulator.process.send_signal(signal.SIGCONT)
    _, stderr = waiting.communicate(timeout=60)
    assert waiting.returncode == 3
    assert "iotctl commands" in stderr
    assert "Traceback" not in stderr
    wait_for(lambda: site.audit("ctl-pump-0003", name="sleep", status="APPLIED"), 30, "it is applied")


def test_one_command_is_shown_by_its_id(site: Site, iotctl: Iotctl) -> None:
    """An id that is none, or that nobody gave, is refused."""
    said = outcome(iotctl, "identify", "ctl-pump-0007")
    wait_for(lambda: site.audit("ctl-pump-0007", id=said["id"], status="APPLIED"), 10, "the audit")
    [only] = iotctl.json("commands", said["id"])
    assert only["id"] == said["id"]
    assert "no command's id" in iotctl.refused(2, "commands", "abc")
    assert "there is no command" in iotctl.refused(2, "commands", str(uuid.uuid4()))


def test_lists_in_a_pipe_are_plain_columns(site: Site, iotctl: Iotctl) -> None:
    """One line each, a heading, no colours: for grep and awk; CSV has every column."""
    lines = iotctl("sensors", "--match", "ctl-pump-000[27]").splitlines()
    assert lines[0].split()[:3] == ["SENSOR", "TYPE", "STATE"]
    assert [line.split()[:2] for line in lines[1:]] == [
        ["ctl-pump-0002", "vibration"],
        ["ctl-pump-0007", "vibration"],
    ]
    csv = iotctl("sensors", "--match", "ctl-pump-0007", "--output", "csv").splitlines()
    assert csv[0].startswith("serial_number,sensor_type,state,sample_frequency_hz,")
    assert len(csv) == 2
    slowest_first = [row["sample_frequency_hz"] for row in iotctl.json("sensors", "--sort", "frequency")]
    known = [value for value in slowest_first if value is not None]
    assert known == sorted(known)
    assert None not in slowest_first[: len(known)]


def test_thousand_sensors_answer_one_call(site: Site, iotctl: Iotctl, tmp_path: Path) -> None:
    """All of them, each with its own answer; how long it takes is printed."""
    from emulator.fleet_plan import Fleet, serial_numbers

    serials = serial_numbers(Fleet(1000, "k-"))
    fleet = site.pipeline.emulator(
        "--sensors", "1000", "--prefix", "k-", "--vibration-frequency", "1", "--batch-duration", "30",
        report=tmp_path / "report.json", serials=serials,
    )  # fmt: skip
    fleet.wait_ready(120)
    wait_for(lambda: len(iotctl.json("sensors", "--match", "k-*")) == 1000, 60, "all are registered")
    began = time.monotonic()
    answers = iotctl.json("sleep", "--match", "k-*", "-y", "--timeout", "60s")
    print(f"1,000 sensors answered within {time.monotonic() - began:.1f} s")
    assert {row["serial_number"] for row in answers if row["status"] == "APPLIED"} == set(serials)
    wait_for(
        lambda: {row["state"] for row in iotctl.json("sensors", "--match", "k-*")} == {"ASLEEP"}, 30, "asleep"
    )
    assert fleet.stop(60) == 0
