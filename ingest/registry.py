"""Birth, status and acks: upserts in the order of receipt, from the quorum queues.

Few messages, so plainly: pika and psycopg in a thread, a transaction for what has arrived, then the acks.
"""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pika
import pika.exceptions
import psycopg
import structlog

from ingest import metrics
from ingest.config import IngestSettings
from ingest.database import query
from runtime.amqp import parameters
from runtime.backoff import Backoff
from runtime.health import Health
from runtime.streams import StreamError, StreamPublisher
from wire import messages, names
from wire.dead import dead_letter
from wire.errors import Reason, WireError
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import Outcome, State

log = structlog.get_logger()

_AT_ONCE = 200
_WAIT_S = 0.1

Database = psycopg.Connection[tuple[Any, ...]]


class Letter(NamedTuple):
    """One message of a queue."""

    serial_number: str
    received_ns: int
    payload: bytes


def letter(headers: Mapping[str, Any], body: bytes) -> Letter:
    """What a bridge published; without a sensible time of receipt it is received now."""
    received_ns = headers.get(names.HEADER_RECEIVED_NS)
    if not isinstance(received_ns, int) or not 0 < received_ns < 2**63:
        received_ns = time.time_ns()
    return Letter(str(headers.get(names.HEADER_SERIAL_NUMBER, "")), received_ns, body)


def upsert_birth(database: Database, letter: Letter) -> None:
    """A sensor says who it is."""
    birth = messages.decode_birth(letter.payload, letter.serial_number)
    row = database.execute(
        query("upsert_birth"),
        {
            "serial_number": letter.serial_number,
            "hardware": birth.hardware,
            "firmware_version": birth.firmware_version,
            "sensor_type": birth.sensor_type,
            "sample_frequency_hz": birth.sample_frequency_hz,
            "maximum_sample_frequency_hz": birth.maximum_sample_frequency_hz or None,
            "state": _state(birth.state),
            "session": birth.session,
            "received_ns": letter.received_ns,
            "time_ns": birth.time_ns,
        },
    ).fetchone()
    if row is not None and birth.channels:
        channels = birth.channels
        columns = [
            [channel.index for channel in channels],
            [channel.name for channel in channels],
            [channel.quantity for channel in channels],
            [channel.unit for channel in channels],
            [channel.minimum for channel in channels],
            [channel.maximum for channel in channels],
        ]
        database.execute(query("upsert_channels"), [row[0], *columns])


def upsert_status(database: Database, letter: Letter) -> None:
    """A sensor says how it is, or the broker says that it is gone."""
    status = messages.decode_status(letter.payload)
    gone = status.state == State.STATE_OFFLINE and not status.time_ns
    database.execute(
        query("upsert_status"),
        {
            "serial_number": letter.serial_number,
            "state": _state(status.state),
            "session": status.session or None,
            "sample_frequency_hz": status.sample_frequency_hz or None,
            "uptime_ms": None if gone else status.uptime_ms,
            "last_sequence": status.last_sequence if status.HasField("last_sequence") else None,
            "buffered_batches": None if gone else status.buffered_batches,
            "oldest_buffered_sequence": status.oldest_buffered_sequence
            if status.HasField("oldest_buffered_sequence")
            else None,
            "free_memory_bytes": status.free_memory_bytes or None,
            "rssi_dbm": status.rssi_dbm or None,
            "battery_percent": status.battery_percent if status.HasField("battery_percent") else None,
            "received_ns": letter.received_ns,
            "time_ns": status.time_ns,
        },
    )


def upsert_ack(database: Database, letter: Letter) -> None:
    """A sensor says what came of a command."""
    ack = messages.decode_ack(letter.payload)
    database.execute(query("register_sensors"), [[letter.serial_number]])
    database.execute(
        query("upsert_ack"),
        {
            "id": uuid.UUID(bytes=ack.command_id),
            "serial_number": letter.serial_number,
            "outcome": Outcome.Name(ack.outcome).removeprefix("OUTCOME_"),
            "reason": ack.reason or None,
            "received_ns": letter.received_ns,
            "state": _state(ack.state),
            "sample_frequency_hz": ack.sample_frequency_hz or None,
        },
    )


QUEUES: dict[str, tuple[Kind, Callable[[Database, Letter], None]]] = {
    names.BIRTH_QUEUE: (Kind.KIND_BIRTH, upsert_birth),
    names.STATUS_QUEUE: (Kind.KIND_STATUS, upsert_status),
    names.ACK_QUEUE: (Kind.KIND_ACK, upsert_ack),
}


def _state(state: State) -> str:
    return State.Name(state).removeprefix("STATE_")


class Registry:
    """Reads the queues until it is stopped."""

    def __init__(self, settings: IngestSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._stopping = threading.Event()
        self._dead = StreamPublisher(settings, "ingest-registry")
        self._loop = asyncio.get_running_loop()

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`; the messages of an unfinished transaction stay in their queues."""
        self._health.require("rabbitmq")
        self._health.require("database")
        reading = asyncio.create_task(asyncio.to_thread(self._read_for_ever), name="registry")
        stopping = asyncio.create_task(stop.wait(), name="stopping")
        await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
        self._stopping.set()
        await reading
        await self._dead.close()

    def _read_for_ever(self) -> None:
        backoff = Backoff(maximum_s=5.0)
        while not self._stopping.is_set():
            try:
                with (
                    psycopg.connect(**self._settings.conninfo(), connect_timeout=5) as database,  # type: ignore[arg-type]  # keywords of one dict
                    pika.BlockingConnection(parameters(self._settings, "ingest-registry")) as rabbitmq,
                ):
                    self._health.set("database", True)
                    self._health.set("rabbitmq", True)
                    self._read(database, rabbitmq.channel(), backoff)
            except (psycopg.Error, pika.exceptions.AMQPError, OSError) as error:
                side = "database" if isinstance(error, psycopg.Error) else "rabbitmq"
                self._health.set(side, False)
                metrics.FAILURES.labels(side).inc()
                wait = backoff.next()
                log.warning(
                    f"{side}_failed", error=str(error).strip() or repr(error), retry_in_s=round(wait, 2)
                )
                self._stopping.wait(wait)

    def _read(self, database: Database, channel: Any, backoff: Backoff) -> None:
        channel.basic_qos(prefetch_count=_AT_ONCE)
        waiting: list[tuple[int, str, Letter]] = []

        def on_message(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            waiting.append((method.delivery_tag, method.consumer_tag, letter(properties.headers or {}, body)))

        for queue in QUEUES:
            channel.basic_consume(queue, on_message, consumer_tag=queue)
        while not self._stopping.is_set():
            channel.connection.process_data_events(time_limit=_WAIT_S)
            if waiting:
                # sensors' rows are locked in the order of their key, as everywhere; one sensor's in order of receipt
                for _, queue, one in sorted(waiting, key=lambda entry: entry[2].serial_number):
                    self._handle(database, queue, one)
                database.commit()
                channel.basic_ack(waiting[-1][0], multiple=True)
                waiting.clear()
                backoff.reset()

    def _handle(self, database: Database, queue: str, letter: Letter) -> None:
        kind, upsert = QUEUES[queue]
        try:
            names.check_serial_number(letter.serial_number)
            with database.transaction():
                upsert(database, letter)
        except WireError as error:
            self._bury(error, queue, kind, letter)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            refused = WireError(Reason.MALFORMED, f"the database refuses it: {str(error).strip()}")
            self._bury(refused, queue, kind, letter)
        else:
            metrics.MESSAGES.labels(names.LEVEL_BY_KIND[kind]).inc()

    def _bury(self, error: WireError, queue: str, kind: Kind, letter: Letter) -> None:
        message = dead_letter(
            error,
            origin=queue,
            payload=letter.payload,
            time_ns=time.time_ns(),
            serial_number=letter.serial_number,
            kind=kind,
        )
        publishing = asyncio.run_coroutine_threadsafe(
            self._dead.publish(names.DEAD_STREAM, message), self._loop
        )
        try:
            publishing.result(timeout=30)
        except (StreamError, TimeoutError) as failure:
            # the transaction is given up, and the message comes again
            raise pika.exceptions.AMQPError(f"no confirm of a dead letter: {failure}") from failure
        metrics.DEAD_LETTERS.labels(error.reason.value).inc()
        log.warning("dead_letter", reason=error.reason.value, origin=queue, detail=error.detail)
