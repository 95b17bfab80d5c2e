"""The way up: MQTT messages of one read are routed and queued; what landed is acknowledged."""

import time
from functools import partial

import mqtt5

from bridge import metrics
from bridge.flight import Flight, Receipt
from bridge.lane import Lane
from bridge.outbox import Letter, Outbox
from bridge.routing import Route, Router
from runtime.mqtt import Connection
from wire import limits
from wire.dead import dead_letter
from wire.envelope import entry
from wire.errors import Reason, WireError
from wire.names import LEVEL_BY_KIND


class Uplink:
    """Takes what one read brought; no message waits here and none is acknowledged here."""

    def __init__(
        self,
        router: Router,
        lanes: dict[str, Lane[Receipt]],
        dead: Lane[Receipt],
        outbox: Outbox,
        flight: Flight,
    ) -> None:
        self._router = router
        self._lanes = lanes
        self._dead = dead
        self._outbox = outbox
        self._flight = flight
        self._counters = {kind: metrics.MESSAGES.labels(level) for kind, level in LEVEL_BY_KIND.items()}

    def take(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        """Queue each where it belongs."""
        now_ns = time.time_ns()
        now_bytes = now_ns.to_bytes(8, "little")
        size = 0
        counts: dict[int, int] = {}
        for packet in packets:
            payload = packet.payload
            size += len(payload)
            receipt = Receipt(connection, packet.packet_id, len(payload))
            route = self._router.route(packet.topic)
            if isinstance(route, WireError):
                self._bury(route, packet, receipt, now_ns)
            elif len(payload) > limits.MAXIMUM_MESSAGE_BYTES:
                self._bury(_too_large(payload), packet, receipt, now_ns, route)
            elif route.stream is not None:
                counts[route.kind] = counts.get(route.kind, 0) + 1
                self._lanes[route.stream].add(entry(route.prefix, now_bytes, payload), receipt)
            else:
                counts[route.kind] = counts.get(route.kind, 0) + 1
                landed = partial(self._flight.landed, [receipt])
                self._outbox.add(Letter(route.routing_key, route.serial_number, now_ns, payload, landed))
        self._flight.took_off(connection, len(packets), size)
        metrics.BYTES.inc(size)
        for kind, count in counts.items():
            self._counters[kind].inc(count)  # type: ignore[index]  # an enum's value is its key

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


def _too_large(payload: bytes) -> WireError:
    return WireError(
        Reason.TOO_LARGE, f"{len(payload)} bytes; at most {limits.MAXIMUM_MESSAGE_BYTES} are accepted"
    )
