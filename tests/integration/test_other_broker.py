"""Another MQTT 5 broker than Mosquitto: RabbitMQ 4's own plugin. What works with it, and what exactly does not.

docs/scaling.md has the same as a table. The tests that are imported are those of Mosquitto, as they are.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import mqtt5
import pytest

from emulator.fleet_plan import Fleet, serial_numbers
from runtime.mqtt import Connection, MqttError, Options, connect
from stack.local import Stack
from tests.integration.clients import publisher
from tests.integration.listening import FAR_FUTURE_NS, listening
from tests.integration.pipeline import running
from tests.integration.rabbitmq_mqtt import other_broker
from tests.integration.sensors import BOTH, EMULATOR, Implementation, started

# collected here once more, with the fixtures below
from tests.integration.test_mqtt_client import (  # noqa: F401
    test_command_for_an_offline_sensor_waits_in_its_session,
    test_connection_lost_with_messages_under_way_sends_them_again,
    test_kinds_of_uplink_have_topics_that_a_sensor_may_write,
    test_mosquitto_restarted_client_is_back_with_its_subscription,
    test_publish_without_subscriber_says_that_nobody_holds_it,
    test_second_client_with_the_same_name_ends_the_first,
    test_window_full_refuses_to_publish,
    test_wrong_password_ends_run_at_once,
)
from tests.integration.test_sensor_scenarios import (  # noqa: F401
    test_command_given_while_it_is_away_comes_when_it_is_back,
    test_command_is_applied_once_and_acknowledged_each_time,
    test_killed_sensor_is_said_to_be_offline_by_the_broker,
    test_reboot_begins_a_session_and_keeps_what_was_told,
    test_resend_publishes_batches_again,
    test_without_subscriber_batches_wait_and_come_when_there_is_one,
)
from wire.codec import decode_measurements


@pytest.fixture(scope="module")
def stack(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The session's, with RabbitMQ's plugin in Mosquitto's place."""
    with other_broker(stack, tmp_path_factory.mktemp("other-broker")) as one:
        yield one


@pytest.fixture(params=BOTH, ids=lambda one: one.name)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    """The emulator, and the firmware's core."""
    chosen: Implementation = request.param
    return chosen


class Client:
    """One connection, and what came by it."""

    def __init__(self, stack: Stack, client_id: str, **options: object) -> None:
        assert stack.ports is not None
        self.messages: list[mqtt5.PublishPacket] = []
        self.acknowledging = True
        user = str(options.pop("username", "control"))
        password = stack.passwords["mqtt/control"] if user == "control" else stack.credentials([user])[user]
        self._options = Options(
            "127.0.0.1", stack.ports.mqtt, client_id, user, password.encode(), **options  # type: ignore[arg-type]  # by name
        )  # fmt: skip

    async def connect(self) -> Connection:
        return await connect(self._options, self._heard, lambda *_: None)

    def _heard(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        self.messages += packets
        if self.acknowledging:
            connection.acknowledge([one.packet_id for one in packets if one.packet_id is not None])


def filters(*patterns: str) -> list[mqtt5.TopicFilter]:
    return [mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE) for pattern in patterns]


def acknowledged(report: Path) -> int:
    """Batches of a fleet that the broker has."""
    return sum(int(one["batches_acknowledged"]) for one in json.loads(report.read_text())["sensors"])


async def until(client: Client, count: int) -> None:
    async with asyncio.timeout(10):
        while len(client.messages) < count:  # what it waits for is no event
            await asyncio.sleep(0.02)


def test_bridge_at_a_broker_without_shared_subscriptions_says_so_and_ends(
    stack: Stack, tmp_path: Path
) -> None:
    """RabbitMQ grants `$share/…` as a topic of that name, by which nothing ever comes: its CONNACK says so, and is heeded."""
    with running(stack, tmp_path) as pipeline:
        bridge = pipeline.start("bridge", ["bridge"], "bridge-0")
        assert bridge.process.wait(30) == 1
    assert "the broker has no shared subscriptions: $share/bridge/" in bridge.log.read_text()


async def test_fleet_publishes_everything_in_order(stack: Stack, tmp_path: Path) -> None:
    """Twelve sensors; whoever subscribes without sharing gets each batch, dense and in order for each sensor."""
    serials = serial_numbers(Fleet(12, "plugin-"))
    report = tmp_path / "report.json"
    client = Client(stack, "plugin-listener", session_expiry_s=0)
    connection = await client.connect()
    await connection.subscribe(1, filters("sensors/+/measurements"))
    with running(stack, tmp_path) as pipeline:
        fleet = await asyncio.to_thread(
            pipeline.emulator,
            *("--sensors", "12", "--prefix", "plugin-", "--batch-duration", "0.2", "--duration", "5"),
            report=report,
            serials=serials,
        )
        assert await asyncio.to_thread(fleet.process.wait, 40) == 0
    await until(client, acknowledged(report))
    batches: dict[str, list[int]] = {}
    for one in client.messages:
        sequence = decode_measurements(one.payload, FAR_FUTURE_NS).sequence
        batches.setdefault(one.topic.split("/")[1], []).append(sequence)
    assert batches.keys() == set(serials)
    assert all(found == list(range(len(found))) for found in batches.values())
    connection.disconnect(0)
    await connection.closed


async def test_retained_message_is_found_by_its_topic_and_not_by_a_wildcard(
    stack: Stack, tmp_path: Path
) -> None:
    """The broker keeps births and statuses; `sensors/+/birth` brings none of them."""
    [serial] = EMULATOR.serial_numbers("retained-")
    async with started(stack, tmp_path, EMULATOR, "retained-"), listening(stack, serial) as live:
        await live.until(lambda: live.batches, "it measures")
        exact, wild = Client(stack, "retained-exact", session_expiry_s=0), Client(stack, "retained-wild")
        for client, pattern in ((exact, f"sensors/{serial}/birth"), (wild, "sensors/+/birth")):
            connection = await client.connect()
            await connection.subscribe(1, filters(pattern))
            if client is exact:
                await until(client, 1)
            await connection.subscribe(2, filters("sensors/nobody/birth"))  # answered after what is retained
            connection.disconnect(0)
            await connection.closed
        assert [one.retain for one in exact.messages] == [True]
        assert wild.messages == []


async def test_receive_maximum_and_subscription_id_are_kept(stack: Stack) -> None:
    """Three under way where three were asked for, each with the subscription's id, also out of a session that waited."""
    client = Client(stack, "plugin-slow", receive_maximum=3, session_expiry_s=60)
    client.acknowledging = False
    connection = await client.connect()
    await connection.subscribe(1, filters("sensors/plugin-fast/logs"), subscription_id=7)
    async with publisher(stack, "plugin-fast") as sensor:
        for number in range(6):
            await sensor.publish("sensors/plugin-fast/logs", bytes([number]))
    await until(client, 3)
    connection.abort(MqttError("away"))
    await connection.closed
    assert len(client.messages) == 3
    client.messages.clear()
    client.acknowledging = True
    connection = await client.connect()
    assert connection.session_present
    await until(client, 6)
    assert [one.payload[0] for one in client.messages] == list(range(6))
    assert {tuple(one.subscription_ids) for one in client.messages} == {(7,)}
    connection.disconnect(0)
    await connection.closed


async def test_sensor_touches_its_own_topics_only(stack: Stack) -> None:
    """By topic permissions with `{username}`. What it may not, it is disconnected for, and told nothing."""
    for topic in ("sensors/plugin-other/logs", "bridges/bridge-0/presence"):
        client = Client(stack, "plugin-own", username="plugin-own", session_expiry_s=0)
        connection = await client.connect()
        packet = mqtt5.PublishPacket(topic, b"x", qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=1)
        connection.publish(packet)
        async with asyncio.timeout(10):
            await connection.closed
    client = Client(stack, "plugin-own", username="plugin-own", session_expiry_s=0)
    connection = await client.connect()
    await connection.subscribe(1, filters("sensors/plugin-own/commands/+"))
    with pytest.raises(MqttError):
        await connection.subscribe(2, filters("sensors/plugin-other/commands/+"))
    connection.abort(MqttError("enough"))
    await connection.closed
