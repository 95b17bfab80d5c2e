"""Declares the exchange, streams and queues: `python -m runtime.topology`, idempotent, before any service.

Bounds: a stream keeps `stream_maximum_age_s` and `stream_maximum_bytes` (a partition), a queue
`queue_maximum_bytes`, beyond which RabbitMQ refuses a publish, so that nothing is dropped unseen.
"""

import asyncio
import contextlib
import sys
import time

import pika
import pika.exceptions
from pydantic import Field
from rstream import Producer
from rstream import exceptions as rstream_exceptions

from runtime import config
from runtime.amqp import parameters
from runtime.backoff import Backoff
from wire import names


class TopologySettings(config.RabbitmqSettings):
    """What `python -m runtime.topology` reads; the RabbitMQ user needs the right to configure."""

    partitions: int = Field(4, ge=1, le=256, description="Partitions of the measurement super stream.")
    stream_maximum_age_s: int = Field(
        86_400, ge=60, description="Streams drop segments older than this, in seconds."
    )
    stream_maximum_bytes: int = Field(
        2_000_000_000, ge=1_000_000, description="Bound of each stream, in bytes."
    )
    stream_segment_bytes: int = Field(
        50_000_000, ge=1_000_000, description="Bytes in one segment of a stream."
    )
    queue_maximum_bytes: int = Field(200_000_000, ge=1_000_000, description="Bound of each queue, in bytes.")


async def declare_streams(settings: TopologySettings) -> None:
    """Create the streams that are missing; ConnectionError or rstream's errors where that fails."""
    arguments = {
        "max-age": f"{settings.stream_maximum_age_s}s",
        "max-length-bytes": str(settings.stream_maximum_bytes),
        "stream-max-segment-size-bytes": str(settings.stream_segment_bytes),
    }
    producer = Producer(
        settings.rabbitmq_host,
        settings.rabbitmq_stream_port,
        vhost=settings.rabbitmq_virtual_host,
        username=settings.rabbitmq_username,
        password=settings.rabbitmq_password.get_secret_value(),
        connection_name="topology",
    )
    async with producer:
        for stream in (names.LOG_STREAM, names.DEAD_STREAM):
            await producer.create_stream(stream, arguments=arguments, exists_ok=True)
        partitions = [names.partition_stream(i) for i in range(settings.partitions)]
        routing_keys = [str(i) for i in range(settings.partitions)]
        client = await producer.default_client
        with contextlib.suppress(rstream_exceptions.StreamAlreadyExists):
            await client.create_super_stream(names.DATA_SUPER_STREAM, partitions, routing_keys, arguments)


def declare_queues(settings: TopologySettings) -> None:
    """Declare the exchange, the quorum queues and their bindings; pika's errors where that fails."""
    with pika.BlockingConnection(parameters(settings, "topology")) as connection:
        channel = connection.channel()
        channel.exchange_declare(names.EXCHANGE, "topic", durable=True)
        for queue, routing_keys in names.QUEUES.items():
            channel.queue_declare(
                queue,
                durable=True,
                arguments={
                    "x-queue-type": "quorum",
                    "x-overflow": "reject-publish",
                    "x-max-length-bytes": settings.queue_maximum_bytes,
                },
            )
            channel.queue_bind(queue, names.EXCHANGE, routing_keys)


class TopologyError(Exception):
    """RabbitMQ did not take the topology within the time given."""


def apply(settings: TopologySettings, timeout_s: float = 60.0) -> None:
    """Declare everything. TopologyError when RabbitMQ does not take it for `timeout_s`.

    Tried again until then: a RabbitMQ that has just started accepts connections before its streams'
    coordinator has elected itself, above all after an unclean stop.
    """
    backoff = Backoff(maximum_s=2.0)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            asyncio.run(declare_streams(settings))
            declare_queues(settings)
        except (OSError, TimeoutError, pika.exceptions.AMQPError, rstream_exceptions.ServerError) as error:
            wait = backoff.next()
            if time.monotonic() + wait > deadline:
                where = f"{settings.rabbitmq_host}, ports {settings.rabbitmq_amqp_port} and {settings.rabbitmq_stream_port}"
                raise TopologyError(f"cannot declare streams and queues at {where}: {error!r}") from error
            time.sleep(wait)
        else:
            return


def main() -> int:
    """Entry point; exit code 0, or 1 with a sentence."""
    settings = config.load(TopologySettings)
    try:
        apply(settings)
    except TopologyError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
