"""RabbitMQ by AMQP: its version, the exchange, and who reads each queue."""

import asyncio

import pika
import pika.exceptions

from ctl.checks.finding import Say, Teller, counted
from ctl.settings import CtlSettings
from runtime.amqp import connect, parameters
from runtime.amqp_errors import explained
from wire import names

_NAME = "iotctl doctor"
_TOPOLOGY = "run python -m runtime.topology with an account that may configure"
_MANY = 1_000  # messages that wait
_LEAST_MAJOR = 4
_READERS = {
    names.COMMAND_QUEUE: "bridge",
    **dict.fromkeys(
        (
            names.BIRTH_QUEUE,
            names.STATUS_QUEUE,
            names.ACK_QUEUE,
            names.COMMAND_AUDIT_QUEUE,
            names.COMMAND_REPORT_QUEUE,
        ),
        "ingest registry",
    ),
}


def check(settings: CtlSettings, say: Say) -> None:
    """See above. AmqpError where RabbitMQ is away or refuses the account."""
    tell = Teller("rabbitmq", say)
    version, depths = asyncio.run(_ask(settings))
    where = f"{settings.rabbitmq_host}:{settings.rabbitmq_amqp_port}"
    major = version.partition(".")[0]
    if major.isdigit() and int(major) >= _LEAST_MAJOR:
        tell.ok("reachable", f"RabbitMQ {version} at {where}")
    else:
        tell.problem("version", f"RabbitMQ {version} at {where} is too old", "use RabbitMQ 4.0 or later")
    _judge_exchange(tell, settings, where)
    _judge_queues(tell, depths)


def _judge_exchange(tell: Teller, settings: CtlSettings, where: str) -> None:
    try:
        with pika.BlockingConnection(parameters(settings, _NAME)) as connection:
            connection.channel().exchange_declare(names.EXCHANGE, passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        tell.problem(
            "exchange", f"there is no exchange {names.EXCHANGE}: nothing can be published", _TOPOLOGY
        )
    except pika.exceptions.AMQPError as error:
        raise explained(error, where, settings.rabbitmq_username) from error
    else:
        tell.ok("exchange", f"{names.EXCHANGE} is there")


def _judge_queues(tell: Teller, depths: dict[str, tuple[int, int] | None]) -> None:
    fine = 0
    for queue, depth in depths.items():
        if depth is None:
            tell.problem("queues", f"there is no queue {queue}: what is for it is refused", _TOPOLOGY)
            continue
        ready, consumers = depth
        reader = _READERS.get(queue)
        if consumers == 0 and reader is not None:
            tell.problem(
                "queues",
                f"nobody reads {queue}, with {counted(ready, 'message')} in it",
                f"is {reader} running (python -m {reader})? Its log says what it waits for",
            )
        elif ready > _MANY and queue != names.ALARM_QUEUE:  # nobody has to read that one
            tell.warning(
                "queues",
                f"{counted(ready, 'message')} in {queue}",
                f"is {reader or 'its reader'} fast enough?",
            )
        else:
            fine += 1
    if fine:
        every = "all " if fine == len(depths) else ""
        tell.ok("queues", f"{every}{fine} queues are there, read, and nearly empty")


async def _ask(settings: CtlSettings) -> tuple[str, dict[str, tuple[int, int] | None]]:
    connection = await connect(settings, _NAME, timeout_s=5)
    try:
        version = connection.server_properties.get("version", "of unknown version")
        depths = await connection.queue_depths(names.QUEUES)
    finally:
        await connection.close()
    return version.decode() if isinstance(version, bytes) else str(version), depths
