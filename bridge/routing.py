"""Where a message goes, known by its topic alone. Pure."""

from typing import NamedTuple

from wire import names
from wire.envelope import prefix
from wire.errors import WireError
from wire.relay_pb2 import Kind

_KNOWN_TOPICS = 200_000


class Route(NamedTuple):
    """A topic's destination: a stream (with the beginning of its envelope entries) or a routing key."""

    serial_number: str
    kind: Kind
    stream: str | None
    prefix: bytes
    routing_key: str


class Router:
    """Topics to routes, each worked out once; forgets all of them when there are too many."""

    def __init__(self, partitions: list[str], known_topics: int = _KNOWN_TOPICS) -> None:
        self._partitions = partitions
        self._known_topics = known_topics
        self._routes: dict[str, Route | WireError] = {}

    def route(self, topic: str) -> Route | WireError:
        """The route, or the error that makes the message a dead letter."""
        known = self._routes.get(topic)
        if known is None:
            if len(self._routes) >= self._known_topics:
                self._routes.clear()
            known = self._routes[topic] = self._work_out(topic)
        return known

    def _work_out(self, topic: str) -> Route | WireError:
        try:
            serial_number, kind = names.parse_topic(topic)
        except WireError as error:
            return error
        stream = None
        if kind == Kind.KIND_MEASUREMENTS:
            stream = self._partitions[names.partition_of(serial_number, len(self._partitions))]
        elif kind == Kind.KIND_LOG:
            stream = names.LOG_STREAM
        routing_key = names.routing_key(serial_number, names.LEVEL_BY_KIND[kind])
        return Route(serial_number, kind, stream, prefix(serial_number, kind), routing_key)
