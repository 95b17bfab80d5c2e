"""Birth, status and acks to the topic exchange, by AMQP: few messages, each confirmed by itself.

pika's blocking connection in a thread of its own: simple, and a slow queue never holds up measurements.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import pika
import pika.exceptions
import structlog

from bridge import metrics
from bridge.flight import Receipt
from runtime.amqp import parameters
from runtime.backoff import Backoff
from runtime.config import RabbitmqSettings
from wire import names

log = structlog.get_logger()

Landed = Callable[[list[Receipt]], None]


class Letter(NamedTuple):
    """One message for the exchange."""

    routing_key: str
    serial_number: str
    received_ns: int
    payload: bytes
    receipt: Receipt


class QueuePublisher:
    """A thread that publishes letters in order, each until it is confirmed.

    The queue of letters is bounded by what the MQTT broker may have under way to this bridge.
    """

    def __init__(self, settings: RabbitmqSettings, landed: Landed, connection_name: str) -> None:
        self._parameters = parameters(settings, connection_name)
        self._landed = landed
        self._loop = asyncio.get_running_loop()
        self._letters: queue.SimpleQueue[Letter] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queues", daemon=True)
        self.connected = False

    def start(self) -> None:
        """Connect and begin."""
        self._thread.start()

    def add(self, letter: Letter) -> None:
        """Queue one; never waits."""
        self._letters.put(letter)

    async def stop(self) -> None:
        """End the thread; letters not confirmed stay unacknowledged, so the MQTT broker delivers them anew."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, 5.0)

    def _run(self) -> None:
        backoff = Backoff(maximum_s=5.0)
        waiting: list[Letter] = []  # the one whose publish failed
        while not self._stopping.is_set():
            try:
                with pika.BlockingConnection(self._parameters) as connection:
                    channel = connection.channel()
                    channel.confirm_delivery()
                    self.connected = True
                    self._publish_until_stopped(connection, channel, waiting, backoff)
            except (pika.exceptions.AMQPError, OSError) as error:
                self.connected = False
                if self._stopping.is_set():
                    return
                wait = backoff.next()
                metrics.FAILURES.labels("queue").inc()
                log.warning("queue_publish_failed", error=repr(error), retry_in_s=round(wait, 2))
                self._stopping.wait(wait)

    def _publish_until_stopped(
        self,
        connection: pika.BlockingConnection,
        channel: pika.adapters.blocking_connection.BlockingChannel,
        waiting: list[Letter],
        backoff: Backoff,
    ) -> None:
        while not self._stopping.is_set():
            if not waiting:
                try:
                    waiting.append(self._letters.get(timeout=0.5))
                except queue.Empty:
                    connection.process_data_events(0)  # heartbeats
                    continue
            self._publish(channel, waiting[0])
            backoff.reset()
            receipt = waiting.pop().receipt
            self._loop.call_soon_threadsafe(self._landed, [receipt])

    @staticmethod
    def _publish(channel: pika.adapters.blocking_connection.BlockingChannel, letter: Letter) -> None:
        # a full queue refuses (NackError), an unbound one returns (UnroutableError): tried again either way
        channel.basic_publish(
            names.EXCHANGE,
            letter.routing_key,
            letter.payload,
            pika.BasicProperties(
                delivery_mode=pika.DeliveryMode.Persistent,
                timestamp=time.time_ns() // 1_000_000_000,
                headers={
                    names.HEADER_SERIAL_NUMBER: letter.serial_number,
                    names.HEADER_RECEIVED_NS: letter.received_ns,
                },
            ),
            mandatory=True,
        )
