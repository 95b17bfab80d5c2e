"""What one sensor can do to another: nothing. On the real broker."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import mqtt5
import pytest

from runtime import dynsec
from runtime.mqtt import Connection, MqttError, Options, connect
from stack.local import Stack

QOS_1 = mqtt5.QoS.AT_LEAST_ONCE


class Peer:
    """A client that remembers what it got; its `connection` is the runtime's own."""

    connection: Connection

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.acknowledged: dict[int, mqtt5.PubAckReasonCode] = {}
        self.heard = asyncio.Event()
        self._packet_id = 0

    def on_messages(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        connection.acknowledge([p.packet_id for p in packets if p.packet_id is not None])
        self.received += [(p.topic, bytes(p.payload)) for p in packets]
        self.heard.set()

    def on_acknowledged(self, connection: Connection, packets: list[mqtt5.PubAckPacket]) -> None:
        self.acknowledged.update({p.packet_id: p.reason_code for p in packets})
        self.heard.set()

    async def publish(self, topic: str, payload: bytes = b"x") -> mqtt5.PubAckReasonCode:
        """The broker's answer."""
        self._packet_id += 1
        self.connection.publish(mqtt5.PublishPacket(topic, payload, qos=QOS_1, packet_id=self._packet_id))
        async with asyncio.timeout(10):
            while self._packet_id not in self.acknowledged:
                self.heard.clear()
                await self.heard.wait()
        return self.acknowledged[self._packet_id]

    async def subscribe(self, pattern: str) -> None:
        self._packet_id += 1
        await self.connection.subscribe(self._packet_id, [mqtt5.TopicFilter(pattern, max_qos=QOS_1)])

    async def wait_for(self, topic: str) -> None:
        async with asyncio.timeout(10):
            while topic not in [received for received, _ in self.received]:
                self.heard.clear()
                await self.heard.wait()


@contextlib.asynccontextmanager
async def joined(
    stack: Stack,
    username: str,
    password: str,
    *,
    client_id: str | None = None,
    will: mqtt5.Will | None = None,
) -> AsyncIterator[Peer]:
    assert stack.ports is not None
    peer = Peer()
    options = Options(
        "127.0.0.1",
        stack.ports.mqtt,
        client_id or username,
        username,
        password.encode(),
        session_expiry_s=0,
        clean_start=True,
        will=will,
    )
    peer.connection = await connect(options, peer.on_messages, peer.on_acknowledged)
    try:
        yield peer
    finally:
        peer.connection.disconnect()
        await peer.connection.closed


def service(stack: Stack, name: str) -> contextlib.AbstractAsyncContextManager[Peer]:
    return joined(stack, name, stack.passwords[f"mqtt/{name}"])


@pytest.fixture(scope="module")
def sensors(stack: Stack) -> dict[str, str]:
    """Serial number → password of two sensors, added while the broker runs."""
    return stack.credentials(["acl-a", "acl-b"])


@pytest.mark.parametrize("kind", ["measurements", "birth", "status", "logs", "acks"])
async def test_acl_own_subtree_is_published(stack: Stack, sensors: dict[str, str], kind: str) -> None:
    """A sensor that was added without a restart may publish every kind of its own."""
    async with (
        service(stack, "bridge-3") as bridge,
        joined(stack, "acl-a", sensors["acl-a"]) as a,
    ):
        await bridge.subscribe("sensors/#")
        # NO_MATCHING_SUBSCRIBERS is a success, too, but here the bridge listens
        assert await a.publish(f"sensors/acl-a/{kind}") is mqtt5.PubAckReasonCode.SUCCESS
        await bridge.wait_for(f"sensors/acl-a/{kind}")


@pytest.mark.parametrize(
    "topic",
    [
        "sensors/acl-b/measurements",
        "sensors/acl-b/status",
        "sensors/acl-b/commands/sleep",
        "sensors/acl-a/commands/sleep",
        "sensors/acl-a/measurements/deeper",
        "sensors/acl-a",
        "bridges/acl-a/presence",
        "$CONTROL/dynamic-security/v1",
        "anything",
    ],
)
async def test_acl_foreign_topic_is_refused_and_not_delivered(
    stack: Stack, sensors: dict[str, str], topic: str
) -> None:
    """A cannot publish as B, nor commands (its own included), nor outside of sensors/."""
    async with service(stack, "control") as everything, joined(stack, "acl-a", sensors["acl-a"]) as a:
        await everything.subscribe("#")
        assert await a.publish(topic, b"forged") is mqtt5.PubAckReasonCode.NOT_AUTHORIZED
        async with joined(stack, "acl-b", sensors["acl-b"]) as b:
            await b.publish("sensors/acl-b/logs", b"after")  # what came before it has been delivered
        await everything.wait_for("sensors/acl-b/logs")
    assert b"forged" not in [payload for _, payload in everything.received]


async def test_acl_commands_reach_their_own_sensor_only(stack: Stack, sensors: dict[str, str]) -> None:
    """A is not sent B's commands, though it subscribes to them by name and by wildcard."""
    async with (
        service(stack, "control") as control,
        joined(stack, "acl-a", sensors["acl-a"]) as a,
        joined(stack, "acl-b", sensors["acl-b"]) as b,
    ):
        for pattern in (
            "sensors/acl-b/commands/+",
            "sensors/+/commands/+",
            "sensors/acl-a/commands/+",
        ):
            await a.subscribe(pattern)
        await b.subscribe("sensors/acl-b/commands/+")
        await control.publish("sensors/acl-b/commands/sleep", b"for b")
        await control.publish("sensors/acl-a/commands/awake", b"for a")
        await b.wait_for("sensors/acl-b/commands/sleep")
        await a.wait_for("sensors/acl-a/commands/awake")
        assert {topic for topic, _ in a.received} == {"sensors/acl-a/commands/awake"}
        assert b.received == [("sensors/acl-b/commands/sleep", b"for b")]


@pytest.mark.parametrize(
    "pattern",
    [
        "#",
        "sensors/#",
        "sensors/acl-b/+",
        "sensors/acl-b/measurements",
        "$share/bridge/sensors/#",
        "$share/bridge/sensors/+/commands/+",
        "$SYS/#",
        "$CONTROL/dynamic-security/v1/response",
    ],
)
async def test_acl_foreign_subscription_is_refused(
    stack: Stack, sensors: dict[str, str], pattern: str
) -> None:
    """Above all a sensor cannot take a share of the bridges' messages, which would be lost."""
    async with joined(stack, "acl-a", sensors["acl-a"]) as a:
        with pytest.raises(MqttError, match="NOT_AUTHORIZED"):
            await a.subscribe(pattern)


async def test_acl_only_bridges_share_the_bridges_messages(stack: Stack) -> None:
    """Whoever else did would be dealt messages, and would leave those in its session for nobody."""
    async with service(stack, "control") as control:
        with pytest.raises(MqttError, match="NOT_AUTHORIZED"):
            await control.subscribe("$share/bridge/sensors/#")
    async with service(stack, "bridge-3") as bridge:
        await bridge.subscribe("$share/bridge/sensors/#")


async def test_acl_retained_command_of_another_is_not_read(stack: Stack, sensors: dict[str, str]) -> None:
    """A retained command for B is not sent to A when A subscribes with a wildcard."""
    async with service(stack, "control") as control, joined(stack, "acl-a", sensors["acl-a"]) as a:
        topic = "sensors/acl-b/commands/identify"
        control.connection.publish(mqtt5.PublishPacket(topic, b"kept", retain=True))
        await control.publish("sensors/acl-a/commands/none")  # the retained one has arrived by then
        await a.subscribe("sensors/+/commands/+")
        await control.publish("sensors/acl-a/commands/awake")
        await a.wait_for("sensors/acl-a/commands/awake")
        control.connection.publish(mqtt5.PublishPacket(topic, b"", retain=True))
        assert topic not in [received for received, _ in a.received]


async def test_acl_last_will_of_another_is_not_delivered(stack: Stack, sensors: dict[str, str]) -> None:
    """A's last will cannot say that B is offline; B's own last will can."""
    lost = MqttError("as if the power were cut")
    async with service(stack, "control") as everything:
        await everything.subscribe("#")
        forged = mqtt5.Will(topic="sensors/acl-b/status", payload=b"forged", qos=QOS_1)
        async with joined(stack, "acl-a", sensors["acl-a"], will=forged) as a:
            a.connection.abort(lost)
            await a.connection.closed
        own = mqtt5.Will(topic="sensors/acl-b/status", payload=b"own", qos=QOS_1)
        async with joined(stack, "acl-b", sensors["acl-b"], will=own) as b:
            b.connection.abort(lost)
            await b.connection.closed
        await everything.wait_for("sensors/acl-b/status")
        # both have been served once the broker has answered a connection that was made later
        async with joined(stack, "acl-a", sensors["acl-a"]) as a:
            await a.publish("sensors/acl-a/logs")
        await everything.wait_for("sensors/acl-a/logs")
    assert [payload for topic, payload in everything.received if topic == "sensors/acl-b/status"] == [b"own"]


async def test_acl_foreign_client_id_is_refused(stack: Stack, sensors: dict[str, str]) -> None:
    """A cannot take over B's session with A's own password."""
    with pytest.raises(MqttError, match="NOT_AUTHORIZED"):
        async with joined(stack, "acl-a", sensors["acl-a"], client_id="acl-b"):
            pass


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_acl_wrong_password_is_refused_for_good(
    stack: Stack, sensors: dict[str, str], password: str
) -> None:
    """The error says that trying again is pointless."""
    with pytest.raises(MqttError) as refused:
        async with joined(stack, "acl-a", password):
            pass
    assert not refused.value.retryable


async def test_acl_revoked_sensor_is_disconnected_and_stays_out(stack: Stack) -> None:
    """Revoking ends the connection that is open and refuses the next; adding again lets it in with a new password."""
    first = (await asyncio.to_thread(stack.credentials, ["acl-gone"]))["acl-gone"]
    async with joined(stack, "acl-gone", first) as sensor:
        await asyncio.to_thread(stack.revoke, ["acl-gone"])
        async with asyncio.timeout(5):
            await sensor.connection.closed
    with pytest.raises(MqttError, match="NOT_AUTHORIZED"):
        async with joined(stack, "acl-gone", first):
            pass
    second = (await asyncio.to_thread(stack.credentials, ["acl-gone"]))["acl-gone"]
    assert second != first
    async with joined(stack, "acl-gone", second) as sensor:
        await sensor.subscribe("sensors/acl-gone/commands/+")


async def test_acl_password_forgotten_on_this_side_is_replaced(stack: Stack) -> None:
    """A sensor that the broker knows and we do not gets a new password instead of a useless one."""
    await asyncio.to_thread(stack.credentials, ["acl-forgotten"])
    (stack.data / "credentials.json").unlink()
    password = (await asyncio.to_thread(stack.credentials, ["acl-forgotten"]))["acl-forgotten"]
    async with joined(stack, "acl-forgotten", password) as sensor:
        await sensor.publish("sensors/acl-forgotten/logs")


def test_dynsec_thousand_sensors_are_added_within_seconds(stack: Stack) -> None:
    """A fleet's credentials do not hold up its start; the broker lists them all, and no service."""
    fleet = [f"acl-fleet-{i}" for i in range(1000)]
    began = time.monotonic()
    stack.credentials(fleet)
    assert time.monotonic() - began < 20
    assert stack.ports is not None
    access = dynsec.Access("127.0.0.1", stack.ports.mqtt, "control", stack.passwords["mqtt/control"])
    known = dynsec.sensors(access)
    assert set(fleet) <= set(known)
    assert not {"control", "bridge-0"} & set(known)
    stack.revoke(fleet)
    assert not set(fleet) & set(dynsec.sensors(access))


@pytest.mark.parametrize("name", ["control", "bridge-0", "bridge"])
def test_dynsec_name_of_a_service_is_refused(stack: Stack, name: str) -> None:
    """A sensor cannot be made in a service's place, nor a service revoked as if it were a sensor."""
    with pytest.raises(dynsec.DynsecError, match="service"):
        stack.credentials([name])
    with pytest.raises(dynsec.DynsecError, match="service"):
        stack.revoke([name])
