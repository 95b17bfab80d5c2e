"""The way up: MQTT messages of one read are routed and queued; what landed is acknowledged.

A bridge has two of these, for two MQTT sessions. What the session of the exchange gets for certain is acknowledged at
once by that of the streams, whose filter matches it, too: what came by a subscription that was made after those of
the other session, and so carries an id. What has none waited in a session of an earlier version, and is relayed.
"""

import time
from collections.abc import Mapping
from functools import partial

import mqtt5

from bridge import metrics
from bridge.flight import Flight, Receipt
from bridge.lane import Lane
from bridge.outbox import Letter, Outbox
from bridge.routing import Route, Router
from runtime.mqtt import Connection
from wire import limits, names
from wire.dead import dead_letter
from wire.envelope import entry
from wire.errors import Reason, WireError
from wire.messages import decode_ack, decode_birth, decode_status
from wire.names import LEVEL_BY_KIND
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import State


class Uplink:
    """Takes what one read brought; no message waits here and none is acknowledged here."""

    def __init__(
        self,
        router: Router,
        lanes: dict[str, Lane[Receipt]],
        dead: Lane[Receipt],
        outboxes: Mapping[Kind, Outbox],
        flight: Flight,
        *,
        leaves_registry: bool = False,
    ) -> None:
        self._router = router
        self._lanes = lanes
        self._dead = dead
        self._outboxes = outboxes
        self._flight = flight
        self._leaves_registry = leaves_registry
        self._counters = {kind: metrics.MESSAGES.labels(level) for kind, level in LEVEL_BY_KIND.items()}

    def take(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        """Queue each where it belongs."""
        now_ns = time.time_ns()
        now_bytes = now_ns.to_bytes(8, "little")
        counts: dict[Kind, int] = {}
        left: list[Receipt] = []
        size = sum([len(packet.payload) for packet in packets])
        self._flight.took_off(connection, len(packets), size)
        for packet in packets:
            payload = packet.payload
            receipt = Receipt(connection, packet.packet_id, len(payload))
            route = self._router.route(packet.topic)
            if isinstance(route, WireError) or route.stream is None:
                if self._leaves_registry and packet.subscription_ids and names.for_registry(packet.topic):
                    left.append(receipt)
                    continue
                if isinstance(route, WireError):
                    self._bury(route, packet, receipt, now_ns)
                    continue
            if len(payload) > limits.MAXIMUM_MESSAGE_BYTES:
                self._bury(_too_large(payload), packet, receipt, now_ns, route)
                continue
            counts[route.kind] = counts.get(route.kind, 0) + 1
            if route.stream is not None:
                self._lanes[route.stream].add(entry(route.prefix, now_bytes, payload), receipt)
            else:
                self._post(route, packet, receipt, now_ns)
        if left:
            self._flight.left(left)
        metrics.BYTES.inc(size - sum([receipt.size for receipt in left]))
        for kind, count in counts.items():
            self._counters[kind].inc(count)

    def _post(self, route: Route, packet: mqtt5.PublishPacket, receipt: Receipt, now_ns: int) -> None:
        """To the exchange. Its queues are slower than a flood of bad messages may be, so none is put into them."""
        payload = packet.payload
        try:
            replaces = _check(route, payload)
        except WireError as error:
            self._bury(error, packet, receipt, now_ns, route)
            return
        landed = partial(self._flight.landed, [receipt])
        letter = Letter(route.routing_key, route.serial_number, now_ns, payload, landed, replaces=replaces)
        self._outboxes[route.kind].add(letter)

    def _bury(
        self,
        error: WireError,
        packet: mqtt5.PublishPacket,
        receipt: Receipt,
        now_ns: int,
        route: Route | None = None,
    ) -> None:
        metrics.DEAD_LETTERS.labels(error.reason.value).inc()
        known = {} if route is None else {"serial_number": route.serial_number, "kind": route.kind}
        letter = dead_letter(error, origin=packet.topic, payload=packet.payload, time_ns=now_ns, **known)  # type: ignore[arg-type]  # the two fields that a route knows
        self._dead.add(letter, receipt)


def _check(route: Route, payload: bytes) -> bool:
    """Whether it replaces what the sensor has said before on this topic. WireError where it is none."""
    if route.kind == Kind.KIND_BIRTH:
        decode_birth(payload, route.serial_number)
        return True
    if route.kind == Kind.KIND_STATUS:
        status = decode_status(payload)
        # a last will knows the state alone
        return status.state != State.STATE_OFFLINE or status.time_ns != 0
    decode_ack(payload)
    return False


def _too_large(payload: bytes) -> WireError:
    return WireError(
        Reason.TOO_LARGE, f"{len(payload)} bytes; at most {limits.MAXIMUM_MESSAGE_BYTES} are accepted"
    )
