"""Dead letters published again where they came from, as a bridge does it: confirmed, and then marked.

A crash between the two publishes a letter again at the next replay. That is harmless: measurements and log lines have
unique keys, births and statuses are ordered by their time, an acknowledgement is known by its command's id.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ctl import dead_stream
from ctl.context import Database
from ctl.dead_stream import Letter
from runtime.amqp import AmqpConnection, connect
from runtime.config import RabbitmqSettings
from runtime.streams import StreamPublisher
from wire import codec, messages, names
from wire.envelope import entry, prefix, to_amqp
from wire.errors import WireError
from wire.relay_pb2 import Kind

AT_ONCE = 100  # unconfirmed, and the most that a crash publishes again
_BY_STREAM = (Kind.KIND_MEASUREMENTS, Kind.KIND_LOG)

# kind → what its consumer makes of the payload: (serial number, payload, Unix time in ns now), WireError where nothing
_READERS: Mapping[Kind, Callable[[str, bytes, int], object]] = {
    Kind.KIND_MEASUREMENTS: lambda _serial, payload, now_ns: codec.decode_measurements(payload, now_ns),
    Kind.KIND_LOG: lambda _serial, payload, now_ns: messages.decode_log(payload, now_ns),
    Kind.KIND_BIRTH: lambda serial, payload, _now_ns: messages.decode_birth(payload, serial),
    Kind.KIND_STATUS: lambda _serial, payload, _now_ns: messages.decode_status(payload),
    Kind.KIND_ACK: lambda _serial, payload, _now_ns: messages.decode_ack(payload),
}


class Plan(NamedTuple):
    """What would be done with some letters."""

    ready: list[Letter]
    refused: Counter[str]  # by the reason for which this version would refuse them again
    unknown: int  # whose sensor or kind is not known, or that no sensor sent


def replayable(letter: Letter) -> bool:
    """Whether it is known where it came from, and a sensor sent it."""
    return letter.kind in _READERS and names.SERIAL_NUMBER.fullmatch(letter.serial_number) is not None


def refusal(letter: Letter, now_ns: int) -> WireError | None:
    """Why this version would refuse a replayable letter again; None where it would not."""
    try:
        _READERS[letter.kind](letter.serial_number, letter.payload, now_ns)
    except WireError as error:
        return error
    return None


def plan(letters: Iterable[Letter], *, force: bool, now_ns: int) -> Plan:
    """Sort letters by what a replay would make of them; `force` takes those that would be refused again, too."""
    ready: list[Letter] = []
    refused: Counter[str] = Counter()
    unknown = 0
    for letter in letters:
        if not replayable(letter):
            unknown += 1
            continue
        error = None if force else refusal(letter, now_ns)
        if error is None:
            ready.append(letter)
        else:
            refused[error.reason.value] += 1
    return Plan(ready, refused, unknown)


class Replayer:
    """Publishes letters and marks them. Use as an asynchronous context manager."""

    def __init__(self, settings: RabbitmqSettings, database: Database, by: str) -> None:
        self._settings = settings
        self._database = database
        self._by = by
        self._streams = StreamPublisher(settings, "iotctl dead replay")
        self._partitions: list[str] = []
        self._exchange: AmqpConnection | None = None
        self.replayed = 0

    async def __aenter__(self) -> "Replayer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._streams.close()
        if self._exchange is not None:
            await self._exchange.close()

    async def replay(self, letters: Sequence[Letter]) -> None:
        """At most AT_ONCE letters: those that RabbitMQ confirmed are marked. StreamError or AmqpError of the first other."""
        if not self._partitions and any(letter.kind == Kind.KIND_MEASUREMENTS for letter in letters):
            self._partitions = await self._streams.partitions(names.DATA_SUPER_STREAM)
        if self._exchange is None and any(letter.kind not in _BY_STREAM for letter in letters):
            self._exchange = await connect(self._settings, "iotctl dead replay")
        outcomes = await asyncio.gather(
            *(self._publish(letter) for letter in letters), return_exceptions=True
        )
        confirmed = [letter for letter, outcome in zip(letters, outcomes, strict=True) if outcome is None]
        if confirmed:
            dead_stream.mark(self._database, confirmed, "replayed", self._by)
        self.replayed += len(confirmed)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _publish(self, letter: Letter) -> None:
        received_ns = letter.time_ns if 0 < letter.time_ns < 2**63 else time.time_ns()
        if letter.kind in _BY_STREAM:
            piece = entry(
                prefix(letter.serial_number, letter.kind), received_ns.to_bytes(8, "little"), letter.payload
            )
            await self._streams.publish(self._stream(letter), to_amqp(piece))
            return
        assert self._exchange is not None
        headers: dict[str, Any] = {
            names.HEADER_SERIAL_NUMBER: letter.serial_number,
            names.HEADER_RECEIVED_NS: received_ns,
        }
        key = names.routing_key(letter.serial_number, names.LEVEL_BY_KIND[letter.kind])
        await self._exchange.publish(key, letter.payload, headers=headers)

    def _stream(self, letter: Letter) -> str:
        if letter.kind == Kind.KIND_LOG:
            return names.LOG_STREAM
        return self._partitions[names.partition_of(letter.serial_number, len(self._partitions))]
