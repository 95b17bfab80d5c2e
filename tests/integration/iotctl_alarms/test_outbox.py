"""`iotctl alarms outbox`: what was not sent, and trying it again."""

from psycopg.types.json import Jsonb

from stack.local import Stack
from tests.integration.iotctl import Iotctl
from tests.integration.iotctl_alarms.service import HOT, Service
from tests.integration.pipeline import Database, connect


def test_outbox_lists_what_was_not_sent_and_tries_again(
    stack: Stack, iotctl: Iotctl, service: Service, owner: Database
) -> None:
    """What was sent is not there; a retry is all or nothing."""
    alarm = service.alarm(HOT, "alarm-1")
    with connect(stack, "alarms") as database:
        for key, columns in (
            ("sent", "done_at = now()"),
            ("new", "attempts = 0"),
            ("tried", "attempts = 3, error = 'HTTP 503', due_at = now() + INTERVAL '1 h'"),
            ("given up", "attempts = 9, error = 'HTTP 410', given_up_at = now()"),
        ):
            payload = Jsonb({"url": "https://hooks.example/a?token=secret", "event": {}})
            database.execute(
                "INSERT INTO alarm_outbox (key, alarm_id, action, payload) VALUES (%s, %s, 'webhook', %s)",
                [key, alarm, payload],
            )
            database.execute(f"UPDATE alarm_outbox SET {columns} WHERE key = %s", [key])
    rows = iotctl.json("alarms", "outbox")
    assert [(row["state"], row["error"]) for row in rows] == [
        ("FAILED", "HTTP 410"), ("QUEUED", "HTTP 503"), ("QUEUED", None),
    ]  # fmt: skip
    assert {(row["to"], row["rule"], row["serial_number"]) for row in rows} == {
        ("https://hooks.example/a", HOT, "alarm-1")
    }
    assert len(iotctl.json("alarms", "outbox", "--failed")) == 2
    [given_up] = iotctl.json("alarms", "outbox", "--given-up")
    [sent] = owner.execute("SELECT id FROM alarm_outbox WHERE key = 'sent'").fetchone() or ()
    said = iotctl.refused(2, "alarms", "outbox", "--retry", str(given_up["id"]), "--retry", str(sent))
    assert f"{sent}: not in the outbox, or sent already; nothing was done" in said
    assert len(iotctl.json("alarms", "outbox", "--given-up")) == 1
    iotctl("alarms", "outbox", "--retry", str(given_up["id"]))
    due = owner.execute(
        "SELECT due_at <= now(), given_up_at, attempts FROM alarm_outbox WHERE key = 'given up'"
    ).fetchone()
    assert due == (True, None, 0)
    assert iotctl.json("alarms", "outbox", "--given-up") == []
