"""One sensor's connection: publishes what the sensor says, and tells it what the broker answers."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

import mqtt5
import structlog

from emulator import metrics
from emulator.ring import Key
from emulator.sensor import Say, Sensor
from runtime.mqtt import Connection, MqttError, Options
from runtime.mqtt_client import Client
from wire import messages, names
from wire.errors import WireError
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import State

log = structlog.get_logger()

WINDOW = 20  # unacknowledged messages at the broker
_RETRY_S = 1.0
_OUTBOX = 200  # births, statuses, logs and acks that wait; the oldest is given up beyond


class Link:
    """Between one Sensor and the broker. `pump` publishes whatever may be published now."""

    def __init__(
        self,
        sensor: Sensor,
        host: str,
        port: int,
        password: str,
        now_ns: Callable[[], int] = time.time_ns,
        on_command: Callable[[], None] = lambda: None,
    ) -> None:
        self.sensor = sensor
        self.acknowledged = 0
        self.ended = asyncio.Event()  # it is not to connect again
        self._now_ns = now_ns
        self._on_command = on_command
        self._counted = (0, 0)  # batches and samples
        self._outbox: deque[Say] = deque(maxlen=_OUTBOX)
        self._receipts: dict[int, tuple[Connection, int]] = {}  # of commands, by the identity of their answer
        serial = sensor.plan.serial_number
        self._topics = {kind: names.topic(serial, kind) for kind in names.LEVEL_BY_KIND}
        self.client = Client(
            Options(
                host,
                port,
                client_id=serial,
                username=serial,
                password=password.encode(),
                receive_maximum=WINDOW,
                will=mqtt5.Will(
                    self._topics[Kind.KIND_STATUS],
                    payload=sensor.last_will(),
                    qos=mqtt5.QoS.AT_LEAST_ONCE,
                    retain=True,
                ),
            ),
            filters=(names.command_filter(serial),),
            window=WINDOW,
            on_messages=self._on_messages,
            on_acknowledged=self._on_acknowledged,
            on_connected=self._on_connected,
            on_disconnected=self._on_disconnected,
        )

    def pump(self) -> None:
        """Publish what the sensor said, then its batches, oldest first, as far as the window allows."""
        sensor = self.sensor
        if sensor.made != self._counted[0]:  # also what a command has made it close early
            metrics.MADE.inc(sensor.made - self._counted[0])
            metrics.SAMPLES.inc(sensor.samples_made - self._counted[1])
            self._counted = (sensor.made, sensor.samples_made)
        if sensor.out:
            self._outbox.extend(sensor.out)
            sensor.out.clear()
        client = self.client
        while self._outbox and client.can_publish:
            said = self._outbox.popleft()
            client.publish(self._topics[said.kind], said.payload, retain=said.retain, token=said)
        while sensor.pending and client.can_publish:
            key, _ = sensor.pending.popitem(last=False)
            payload = sensor.ring.get(key)
            if payload is not None:  # else forgotten by a full ring, and counted there
                client.publish(self._topics[Kind.KIND_MEASUREMENTS], payload, token=key)

    async def goodbye(self) -> None:
        """Say that this sensor goes, wait until everything is acknowledged, and disconnect."""
        self.sensor.flush(self._now_ns())
        self.sensor.out.append(self.sensor.status(self._now_ns(), State.STATE_OFFLINE))
        self.pump()
        wait_s = 0.02
        while not self.idle:
            await asyncio.sleep(wait_s)
            wait_s = min(
                1.5 * wait_s, 0.5
            )  # a fleet that waits for a slow broker does not keep the loop busy
            self.pump()
        self.ended.set()  # first: else it would come back at once, and leave with its last will
        await self.client.stop()

    @property
    def idle(self) -> bool:
        """Whether the broker holds everything that this sensor made."""
        return not (
            self._outbox or self.sensor.out or self.sensor.ring.unacknowledged or self.client.unacknowledged
        )

    def _on_connected(self, _connection: Connection) -> None:
        metrics.CONNECTED.inc()
        now_ns = self._now_ns()
        self.sensor.out += [self.sensor.birth(now_ns), self.sensor.status(now_ns)]
        self.pump()

    def _on_disconnected(self, reason: MqttError) -> None:
        metrics.CONNECTED.dec()
        self._receipts.clear()  # the broker delivers these commands again
        log.debug("disconnected", serial_number=self.sensor.plan.serial_number, reason=str(reason))

    def _on_acknowledged(self, token: object, reason: mqtt5.PubAckReasonCode) -> None:
        held = reason is mqtt5.PubAckReasonCode.SUCCESS
        if isinstance(token, Key):
            if held:
                if self.sensor.ring.acknowledge(token):
                    self.acknowledged += 1
                    metrics.ACKNOWLEDGED.inc()
            else:
                self._later(lambda: self.sensor.acknowledged(token, held=False))
        elif isinstance(token, Say) and held:
            self._answered(token)
        elif isinstance(token, Say):
            self._later(lambda: self._outbox.append(token))
        if self.sensor.pending or self._outbox:
            self.pump()

    def _later(self, again: Callable[[], None]) -> None:
        metrics.NOT_HELD.inc()

        def retry() -> None:
            again()
            self.pump()

        asyncio.get_running_loop().call_later(_RETRY_S, retry)

    def _on_messages(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        """Commands. Each is acknowledged when the broker holds its answer: one whose answer is lost comes again."""
        for packet in packets:
            metrics.COMMANDS.inc()
            said = len(self.sensor.out)
            try:
                self.sensor.command(messages.decode_command(packet.payload), self._now_ns())
            except WireError as error:
                metrics.BAD_COMMANDS.inc()
                log.warning("bad_command", serial_number=self.sensor.plan.serial_number, error=str(error))
            answer = next((say for say in self.sensor.out[said:] if say.kind == Kind.KIND_ACK), None)
            if packet.packet_id is None:
                continue
            if answer is None:
                connection.acknowledge([packet.packet_id])
            else:
                self._receipts[id(answer)] = (connection, packet.packet_id)
        self._on_command()  # it may have woken, or measure faster
        self.pump()

    def _answered(self, said: Say) -> None:
        connection, packet_id = self._receipts.pop(id(said), (None, 0))
        if connection is not None and not connection.closed.done():
            connection.acknowledge([packet_id])
