"""Ten sensors of the past in the database, for tests of what the page says of them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from stack.local import Stack
from tests.integration.pipeline import Database, connect
from tests.integration.web_page import one, without_users

PREFIX = "webapi-"
SENSORS = [f"{PREFIX}{number:02}" for number in range(10)]


@contextmanager
def known(stack: Stack) -> Iterator[Database]:
    """The database as its owner. The first three are on a target, two asleep, one was not heard of; no users."""
    with without_users(stack, PREFIX) as database:
        clear(database)
        target = one(
            database,
            "INSERT INTO target (name, latitude, longitude) VALUES ('Webapi pump', 48.1, 11.5) RETURNING id",
        )
        for number, serial in enumerate(SENSORS):
            state = None if number == 9 else "ASLEEP" if number in (4, 5) else "AWAKE"
            sensor = one(
                database,
                "INSERT INTO sensor (serial_number, provisional, sensor_type, state, sample_frequency_hz,"
                " maximum_sample_frequency_hz, battery_percent, rssi_dbm, hardware, firmware_version, session, born_at)"
                " VALUES (%s, false, %s, %s, %s, 1000, 'NaN', -60, 'ESP32', '1.2', 7, now()) RETURNING id",
                *(serial, "vibration" if number % 2 else "tilt", state, 100 + number),
            )
            database.execute(
                "INSERT INTO sensor_session (sensor_id, session, last_sequence, batch_count, sample_count, first_time,"
                " last_time, written_at) VALUES (%s, 6, 9, 10, 10, now(), now() - INTERVAL '1 day', now()),"
                " (%s, 7, 99, %s, 10, now(), to_timestamp(1760000000 + %s),"
                " to_timestamp(1760000000 + %s) + INTERVAL '250 ms')",
                [sensor, sensor, 100 - number, number, number],
            )
            database.execute(
                "UPDATE sensor_session SET last_time = to_timestamp(1750000000) WHERE sensor_id = %s AND session = 6",
                [sensor],
            )
            if number < 3:
                database.execute(
                    "INSERT INTO sensor_target (sensor_id, target_id) VALUES (%s, %s)", [sensor, target]
                )
            if number == 1:
                database.execute(
                    "INSERT INTO position VALUES (now(), %s, -33.9, 151.2, 0, 0), (now() - INTERVAL '8 days', %s, 1, 1, 0, 0)",
                    [sensor, sensor],
                )
        yield database
    with connect(stack, "owner") as fresh:
        clear(fresh)


def clear(database: Database) -> None:
    """Take out what this file has put in."""
    mine = f"(SELECT id FROM sensor WHERE starts_with(serial_number, '{PREFIX}'))"
    alarms = f"(SELECT id FROM alarm WHERE sensor_id IN {mine})"
    for table in ("alarm_request", "alarm_transition"):
        database.execute(f"DELETE FROM {table} WHERE alarm_id IN {alarms}".encode())
    for table in (
        *("alarm", "command", "sensor_log", "position", "measurement_batch", "channel"),
        *("sensor_session", "sensor_target"),
    ):
        database.execute(f"DELETE FROM {table} WHERE sensor_id IN {mine}".encode())
    database.execute("DELETE FROM alarm_rule WHERE name = 'webapi'")
    database.execute(f"DELETE FROM sensor WHERE starts_with(serial_number, '{PREFIX}')".encode())
    database.execute("DELETE FROM target WHERE name = 'Webapi pump'")


def make_alarm(owner: Database, serial: str, *, acknowledged: bool = False) -> uuid.UUID:
    """An active alarm with its first transition; no service judges it."""
    rule = one(owner, "SELECT id FROM alarm_rule WHERE name = 'webapi'") or one(
        owner,
        "INSERT INTO alarm_rule (name, definition, changed_by, enabled)"
        " VALUES ('webapi', '{\"kind\": \"threshold\"}', 'test', false) RETURNING id",
    )
    alarm: uuid.UUID = one(
        owner,
        "INSERT INTO alarm (id, rule_id, sensor_id, level, severity, message, value, unit, active, acknowledged,"
        " activated_at) SELECT gen_random_uuid(), %s, id, 'high', 500, 'it is hot', 81.5, '°C', true, %s, now()"
        " FROM sensor WHERE serial_number = %s RETURNING id",
        *(rule, acknowledged, serial),
    )
    owner.execute(
        "INSERT INTO alarm_transition (alarm_id, kind, at, level, severity, evidence)"
        " VALUES (%s, 'ACTIVATED', now(), 'high', 500, '{\"limit\": 80}')",
        [alarm],
    )
    return alarm
