"""One connection to the real RabbitMQ, and the queues that it is for."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import pika
import pytest

from runtime import topology
from runtime.amqp import AmqpConnection, Delivery, connect, parameters
from runtime.amqp_errors import AmqpError
from stack.local import Stack
from tests.integration.relay import rabbitmq
from tests.integration.steering import until
from wire import names

KEY = names.alarm_event_routing_key("amqp-1")  # nothing here reads its queue


@pytest.fixture
async def connection(stack: Stack) -> AsyncIterator[AmqpConnection]:
    one = await connect(rabbitmq(stack, "control"), "test")
    await taken(one)
    yield one
    await one.close()


async def taken(connection: AmqpConnection, queue: str = names.ALARM_QUEUE) -> list[Delivery]:
    """Empty a queue; what was in it."""
    depth = (await connection.queue_depths([queue]))[queue]
    assert depth is not None
    ready = depth[0]
    found: list[Delivery] = []

    def take(delivery: Delivery) -> None:
        found.append(delivery)
        # With the channel RabbitMQ forgets acknowledgements that wait in it for the queue, as a thousand single ones do.
        if len(found) % 25 == 0 or len(found) >= ready:
            connection.acknowledge(delivery.delivery_tag, multiple=True)

    if ready:
        await connection.consume(queue, take, prefetch=50)
        await until(lambda: len(found) >= ready, "all came")
        await connection.stop_consuming()
    return found


async def depth_becomes(connection: AmqpConnection, depth: tuple[int, int]) -> None:
    """A quorum queue says its depth a moment after it has confirmed."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 10
    while (found := (await connection.queue_depths([names.ALARM_QUEUE]))[names.ALARM_QUEUE]) != depth:
        assert loop.time() < end, f"{found}, not {depth}"
        await asyncio.sleep(0.02)


async def test_published_message_is_in_its_queue_with_who_and_when(connection: AmqpConnection) -> None:
    """A thousand at once, in order; RabbitMQ says who published them, and when it got them."""
    headers = {"x-client": "anna@laptop"}
    await asyncio.gather(*(connection.publish(KEY, b"%d" % n, headers=headers) for n in range(1_000)))
    assert connection.unconfirmed == 0
    await depth_becomes(connection, (1_000, 0))
    found = await taken(connection)
    assert [delivery.body for delivery in found] == [b"%d" % n for n in range(1_000)]
    one = found[0]
    assert (one.queue, one.routing_key, one.user_id) == (names.ALARM_QUEUE, KEY, "control")
    assert one.headers["x-client"] == "anna@laptop"
    assert isinstance(one.headers[names.HEADER_PUBLISHED_MS], int)
    await depth_becomes(connection, (0, 0))


async def test_message_that_no_queue_wants_comes_back_and_the_others_do_not(
    connection: AmqpConnection,
) -> None:
    """The connection goes on."""
    lost, fine = connection.publish("no.such.thing", b""), connection.publish(KEY, b"")
    with pytest.raises(AmqpError, match=r"has no queue for no\.such\.thing") as caught:
        await lost
    assert (caught.value.retryable, caught.value.code) == (True, 312)
    await fine
    assert len(await taken(connection)) == 1


async def test_depth_of_a_queue_that_is_missing_is_none(connection: AmqpConnection) -> None:
    """RabbitMQ closes a channel over it; the next queue is asked about nevertheless."""
    depths = await connection.queue_depths(["missing", names.ALARM_QUEUE, "missing too", names.BIRTH_QUEUE])
    assert depths["missing"] is None
    assert depths["missing too"] is None
    assert depths[names.ALARM_QUEUE] == (0, 0)
    await connection.publish(KEY, b"")
    assert len(await taken(connection)) == 1


async def test_listener_hears_a_copy_and_leaves_nothing_behind(
    stack: Stack, connection: AmqpConnection
) -> None:
    """From the moment that `listen` has returned; its queue goes with it."""
    listener = await connect(rabbitmq(stack, "operator"), "test-listener")
    heard: list[Delivery] = []
    await listener.listen(["*.alarms.#"], heard.append)
    await connection.publish(KEY, b"copy")
    await until(lambda: heard, "it is heard")
    assert (heard[0].body, heard[0].routing_key) == (b"copy", KEY)
    queue = heard[0].queue
    await listener.close()
    assert await connection.queue_depths([queue]) == {queue: None}
    assert [delivery.body for delivery in await taken(connection)] == [b"copy"]


async def test_what_is_unacknowledged_goes_back_before_what_comes_behind_it(
    stack: Stack, connection: AmqpConnection
) -> None:
    """Another consumer of a queue with a single active one gets everything in order."""
    key = names.command_routing_key("amqp-1", names.CommandLevel.AWAKE)
    second = await connect(rabbitmq(stack, "control"), "test-second")
    first_got: list[Delivery] = []
    second_got: list[Delivery] = []
    await connection.consume(names.COMMAND_QUEUE, first_got.append, prefetch=10)
    await second.consume(names.COMMAND_QUEUE, second_got.append, prefetch=100)
    await asyncio.gather(*(connection.publish(key, b"%d" % n) for n in range(50)))
    await until(lambda: len(first_got) == 10, "the first has as many as it may")
    connection.acknowledge(first_got[4].delivery_tag, multiple=True)
    await until(lambda: len(first_got) == 15, "and some more")
    assert second_got == []
    await connection.stop_consuming()
    await until(lambda: len(second_got) == 45, "the second has the rest")
    assert [delivery.body for delivery in second_got] == [b"%d" % n for n in range(5, 50)]
    second.acknowledge(second_got[-1].delivery_tag, multiple=True)
    await second.close()
    assert len(await taken(connection, names.COMMAND_AUDIT_QUEUE)) == 50


@pytest.mark.parametrize(
    ("changes", "words", "retryable"),
    [
        ({"rabbitmq_password": "wrong"}, "refuses the user name 'control' or its password", False),
        ({"rabbitmq_virtual_host": "nowhere"}, "vhost nowhere not found", False),
        ({"rabbitmq_amqp_port": 1}, "cannot reach RabbitMQ at 127.0.0.1:1: ", True),
    ],
)
async def test_connection_that_fails_says_why_in_a_sentence(
    stack: Stack, changes: dict[str, object], words: str, retryable: bool
) -> None:
    """And whether another attempt makes sense."""
    settings = rabbitmq(stack, "control")
    given = {**settings.model_dump(), "rabbitmq_password": settings.rabbitmq_password.get_secret_value()}
    with pytest.raises(AmqpError) as caught:
        await connect(type(settings).model_validate({**given, **changes}), "test")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.retryable is retryable


async def test_server_that_does_not_answer_is_given_up_in_time(stack: Stack) -> None:
    """Connecting, and closing."""
    one = await connect(rabbitmq(stack, "control"), "test")
    process = stack.servers["rabbitmq"].process
    assert process is not None
    process.send(signal.SIGSTOP)
    try:
        waiting = one.publish(KEY, b"")
        async with asyncio.timeout(5):
            await one.close()
        with pytest.raises(AmqpError, match="closed by this side"):
            await waiting
        raised: list[object] = []  # by pika, within the event loop: it would be printed
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: raised.append(context))
        async with asyncio.timeout(5):
            with pytest.raises(AmqpError, match="does not answer"):
                await connect(rabbitmq(stack, "control"), "test", timeout_s=0.5)
        assert raised == []
    finally:
        process.send(signal.SIGCONT)
    again = await connect(rabbitmq(stack, "control"), "test", timeout_s=30)
    await taken(again)
    await again.close()


async def test_queue_that_is_deleted_ends_the_connection(stack: Stack, connection: AmqpConnection) -> None:
    """A consumer that gets nothing any more must not look like one with nothing to do."""
    with pika.BlockingConnection(parameters(rabbitmq(stack, "control"), "test")) as raw:
        channel = raw.channel()
        channel.queue_declare("short-lived", durable=True, arguments={"x-queue-type": "quorum"})
        await connection.consume("short-lived", lambda _delivery: None, prefetch=1)
        channel.queue_delete("short-lived")
    async with asyncio.timeout(10):
        reason = await connection.closed
    assert "deleted a queue" in str(reason)


# Queues.
async def test_message_survives_any_number_of_deliveries(stack: Stack, connection: AmqpConnection) -> None:
    """RabbitMQ would drop it after 20: a service that crashes on start would lose what it is to process."""
    await connection.publish(KEY, b"precious")
    counts = []
    for _ in range(25):
        one = await connect(rabbitmq(stack, "control"), "test")
        got: list[Delivery] = []
        await one.consume(names.ALARM_QUEUE, got.append, prefetch=1)
        await until(lambda: got, "it is delivered", 5)  # noqa: B023  # awaited at once
        counts.append(got[0].headers.get("x-delivery-count", 0))
        one._raw._terminate_stream(ConnectionError("killed"))
        await one.closed
    assert counts == list(range(25))
    last: list[Delivery] = []
    await connection.consume(names.ALARM_QUEUE, last.append, prefetch=1)
    await until(lambda: last, "it is delivered once more")  # it comes back when RabbitMQ has seen the end
    assert last[0].body == b"precious"
    connection.acknowledge(last[0].delivery_tag)
    await connection.stop_consuming()


@pytest.fixture
def elsewhere(stack: Stack) -> Iterator[topology.TopologySettings]:
    """A virtual host of its own, in which an older version has declared a queue."""
    server = stack.servers["rabbitmq"]
    for arguments in (
        ["add_vhost", "elsewhere"],
        ["set_permissions", "-p", "elsewhere", "control", *[".*"] * 3],
    ):
        server.sandbox.run(["rabbitmqctl", *arguments], server.environment())
    given = rabbitmq(stack, "control")
    yield topology.TopologySettings(
        **{**given.model_dump(), "rabbitmq_virtual_host": "elsewhere"}  # a secret stays one
    )
    server.sandbox.run(["rabbitmqctl", "delete_vhost", "elsewhere"], server.environment())


def test_queue_declared_otherwise_is_made_anew_only_while_empty_and_unused(
    elsewhere: topology.TopologySettings,
) -> None:
    """One with messages stays as it is, and works; everything else is declared, and a sentence says what to do."""
    old = {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-max-length-bytes": 200_000_000}

    def arguments_refused(queue: str) -> bool:
        with pika.BlockingConnection(parameters(elsewhere, "test")) as raw:
            try:
                raw.channel().queue_declare(
                    queue, durable=True, arguments=topology.queue_arguments(queue, 200_000_000)
                )
            except pika.exceptions.ChannelClosedByBroker as error:
                assert error.reply_code == 406
                return True
            return False

    with pika.BlockingConnection(parameters(elsewhere, "test")) as raw:
        channel = raw.channel()
        for queue in (names.COMMAND_QUEUE, names.BIRTH_QUEUE, names.ACK_QUEUE):
            channel.queue_declare(queue, durable=True, arguments=old)
        channel.basic_publish("", names.BIRTH_QUEUE, b"full")
        consumer = channel.basic_consume(names.ACK_QUEUE, lambda *_: None)
        raw.process_data_events(0)

        with pytest.raises(topology.QueuesOccupied, match="Let the services empty them") as caught:
            topology.declare_queues(elsewhere)
        assert names.BIRTH_QUEUE in str(caught.value)
        assert names.ACK_QUEUE in str(caught.value)
        assert names.COMMAND_QUEUE not in str(caught.value)
        assert arguments_refused(names.BIRTH_QUEUE)
        assert not arguments_refused(names.COMMAND_QUEUE)
        assert not arguments_refused(names.COMMAND_AUDIT_QUEUE)
        # what was not made anew is still bound
        channel.confirm_delivery()
        channel.basic_publish(names.EXCHANGE, "sensor_a.birth", b"", mandatory=True)

        channel.basic_cancel(consumer)
        channel.queue_purge(names.BIRTH_QUEUE)
    topology.declare_queues(elsewhere)
    for queue in names.QUEUES:
        assert not arguments_refused(queue)
    topology.declare_queues(elsewhere)  # as every start does


def test_queue_of_alarms_that_nobody_reads_keeps_the_newest_and_refuses_nothing(
    elsewhere: topology.TopologySettings,
) -> None:
    """Else nobody would hear of an alarm any more when it is full. Triggers, which are of the moment, are not kept."""
    small = elsewhere.model_copy(update={"queue_maximum_bytes": 1_000_000})
    topology.declare_queues(small)
    with pika.BlockingConnection(parameters(small, "test")) as raw:
        channel = raw.channel()
        channel.confirm_delivery()
        for number in range(40):  # four times what fits
            channel.basic_publish(names.EXCHANGE, KEY, b"%02d" % number + bytes(100_000), mandatory=True)
        kept = []
        while (got := channel.basic_get(names.ALARM_QUEUE, auto_ack=True))[0] is not None:
            kept.append(int(got[2][:2]))
        assert 1 < len(kept) <= 10
        assert kept == list(range(40 - len(kept), 40))
        with pytest.raises(pika.exceptions.UnroutableError):
            channel.basic_publish(
                names.EXCHANGE, names.machine_trigger_routing_key("amqp-1"), b"", mandatory=True
            )
