"""Declares the exchange, streams and queues: `python -m runtime.topology`, idempotent, before any service.

Bounds: a stream keeps `stream_maximum_age_s` and `stream_maximum_bytes` (a partition), a queue
`queue_maximum_bytes`, beyond which RabbitMQ refuses a publish, so that nothing is dropped unseen. Of the alarms,
which nobody has to read, it keeps the newest.
"""

import asyncio
import contextlib
import time
from typing import Any

import click
import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import Field
from rstream import Producer
from rstream import exceptions as rstream_exceptions

from runtime import config
from runtime.amqp import parameters
from runtime.backoff import Backoff
from wire import names

_NOT_FOUND = 404
_PRECONDITION_FAILED = 406


class TopologySettings(config.RabbitmqSettings):
    """What `python -m runtime.topology` reads; the RabbitMQ user needs the right to configure."""

    partitions: int = Field(
        4,
        ge=1,
        le=256,
        description="Partitions of the measurement super stream; only ever added: see docs/operating.md.",
    )
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


def _stream_arguments(settings: TopologySettings) -> dict[str, str | int]:
    """As AMQP says them; the stream protocol leaves out the "x-", and writes numbers as text."""
    return {
        "x-max-age": f"{settings.stream_maximum_age_s}s",
        "x-max-length-bytes": settings.stream_maximum_bytes,
        "x-stream-max-segment-size-bytes": settings.stream_segment_bytes,
    }


async def declare_streams(settings: TopologySettings) -> list[str]:
    """Create the streams that are missing, and say which partitions there are. ConnectionError or rstream's errors.

    A super stream that exists keeps its number of partitions.
    """
    arguments = {name.removeprefix("x-"): str(value) for name, value in _stream_arguments(settings).items()}
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
        return list(await client.partitions(names.DATA_SUPER_STREAM))


def add_partitions(settings: TopologySettings, present: list[str]) -> None:
    """Give the super stream the partitions that it lacks, in order; pika's errors where that fails.

    RabbitMQ makes a super stream in one go and has no command that enlarges it; what makes a stream its partition is the
    binding. Who reads or writes it learns of new ones when it connects: docs/operating.md has the steps. Never fewer.
    """
    arguments = {
        "x-queue-type": "stream",
        "x-queue-leader-locator": "balanced",  # as those that were made with it
        **_stream_arguments(settings),
    }
    lacking = range(len(present), settings.partitions)
    with pika.BlockingConnection(parameters(settings, "topology")) as connection:
        for partition in lacking:
            stream = names.partition_stream(partition)
            channel = connection.channel()
            if not _exists(channel, stream):
                channel = connection.channel()
                channel.queue_declare(stream, durable=True, arguments=arguments)
            order = {"x-stream-partition-order": partition}
            channel.queue_bind(stream, names.DATA_SUPER_STREAM, str(partition), arguments=order)
            channel.close()


class TopologyError(Exception):
    """RabbitMQ does not take the topology; a sentence that says what to do."""


class QueuesOccupied(TopologyError):  # noqa: N818  # it is what they are
    """Everything is declared but for queues that were declared otherwise before, and cannot be made anew now.

    They work as they did.
    """


def declare_queues(settings: TopologySettings) -> None:
    """Declare the exchange, the quorum queues and their bindings; pika's errors where that fails.

    A queue that exists with other arguments is made anew where nobody uses it and nothing is in it; QueuesOccupied
    otherwise, after all others are declared.
    """
    occupied = []
    with pika.BlockingConnection(parameters(settings, "topology")) as connection:
        channel = connection.channel()
        channel.exchange_declare(names.EXCHANGE, "topic", durable=True)
        for queue, routing_keys in names.QUEUES.items():
            arguments = queue_arguments(queue, settings.queue_maximum_bytes)
            if not _declare(connection, queue, arguments):
                if _removed(connection, queue, routing_keys):
                    _declare(connection, queue, arguments)
                else:
                    occupied.append(queue)
            channel.queue_bind(queue, names.EXCHANGE, routing_keys)
    if occupied:
        raise QueuesOccupied(
            f"{', '.join(occupied)}: declared otherwise before, and made anew only while empty and "
            "unused; they work as before. Let the services empty them, stop the services, and declare again"
        )


def queue_arguments(queue: str, maximum_bytes: int) -> dict[str, Any]:
    """With what a queue is declared."""
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-overflow": "reject-publish",
        "x-max-length-bytes": maximum_bytes,
        # RabbitMQ drops a message that was delivered 21 times, unless told otherwise: a service that crashes
        # again and again would lose it. What cannot be processed goes to the dead-letter stream by our own hand.
        "x-delivery-limit": -1,
    }
    if queue == names.COMMAND_QUEUE:
        # several bridges, and yet a sensor is told things in the order in which they were said
        arguments["x-single-active-consumer"] = True
    if queue == names.ALARM_QUEUE:
        # It is there for whoever wants to be told and has not listened all the time; no part of ours reads it. Were
        # publishes refused, nobody would hear of an alarm any more once it is full: so the oldest goes. Nothing is
        # lost with it, as every event is in the database. Machines and replicas listen with queues of their own.
        arguments["x-overflow"] = "drop-head"
    return arguments


def _declare(connection: pika.BlockingConnection, queue: str, arguments: dict[str, Any]) -> bool:
    """False where it exists with other arguments. RabbitMQ then closes the channel, so it has one of its own."""
    channel = connection.channel()
    try:
        channel.queue_declare(queue, durable=True, arguments=arguments)
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != _PRECONDITION_FAILED:
            raise
        return False
    channel.close()
    return True


def _exists(channel: BlockingChannel, queue: str) -> bool:
    """RabbitMQ closes the channel where it does not."""
    try:
        channel.queue_declare(queue, passive=True)
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != _NOT_FOUND:
            raise
        return False
    return True


def _removed(connection: pika.BlockingConnection, queue: str, routing_key: str) -> bool:
    """Delete a queue that is empty and unused; False where it is not.

    Quorum queues know no such condition, so it is unbound first: then nothing comes in between (a publisher is
    told that there is no queue, and tries again).
    """
    channel = connection.channel()
    channel.queue_unbind(queue, names.EXCHANGE, routing_key)
    found = channel.queue_declare(queue, passive=True).method
    if found.message_count or found.consumer_count:
        return False
    channel.queue_delete(queue)
    channel.close()
    return True


def apply(settings: TopologySettings, timeout_s: float = 60.0) -> None:
    """Declare everything. QueuesOccupied; TopologyError when RabbitMQ does not take it for `timeout_s`.

    Tried again until then: a RabbitMQ that has just started accepts connections before its streams'
    coordinator has elected itself, above all after an unclean stop.
    """
    backoff = Backoff(maximum_s=2.0)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            add_partitions(settings, asyncio.run(declare_streams(settings)))
            declare_queues(settings)
        except (OSError, TimeoutError, pika.exceptions.AMQPError, rstream_exceptions.ServerError) as error:
            wait = backoff.next()
            if time.monotonic() + wait > deadline:
                where = f"{settings.rabbitmq_host}, ports {settings.rabbitmq_amqp_port} and {settings.rabbitmq_stream_port}"
                raise TopologyError(f"cannot declare streams and queues at {where}: {error!r}") from error
            time.sleep(wait)
        else:
            return


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Declare the exchange, streams and queues that are missing, as an account that may configure.

    Before any service, and at every upgrade; waits a minute for a RabbitMQ that is starting. A queue that should be
    declared otherwise, and is in use, is told of; it is no failure. Settings come from STREAMING_* variables: see
    .env.example.
    """
    settings = config.load(TopologySettings)
    try:
        apply(settings)
    except QueuesOccupied as occupied:
        # at an upgrade the services of before use them: a failure would hold it up for ever
        click.echo(str(occupied), err=True)
    except TopologyError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
