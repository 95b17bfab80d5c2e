"""Sensors' credentials in Mosquitto, added and taken back while it runs.

Through the broker's dynamic security plugin: commands are JSON on a control topic, many in one message.
User name, client id and serial number are one. What a sensor may write and read is a fixed rule of the
broker's access control file, and what it may subscribe to is one role for all, so a sensor costs one entry
and no role of its own.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import mqtt5

from runtime.mqtt import Connection, MqttError, Options, connect
from wire.names import check_serial_number

_REQUEST = "$CONTROL/dynamic-security/v1"
_RESPONSE = f"{_REQUEST}/response"
# The plugin writes its whole file after each command, and the broker does nothing else meanwhile (24 ms a
# command with 10,000 sensors): a message holds few, so that the sensors' own messages come between.
_AT_ONCE = 20
# These users are the services' own; a sensor of that name would take their place.
_RESERVED = re.compile(r"control|bridge(-.*)?")

SENSOR_ROLE = "sensor"
_ANSWER_TIMEOUT_S = 60.0

Commands = list[dict[str, Any]]
T = TypeVar("T")


class Access(NamedTuple):
    """Where the broker is, and a user with the right to administer it."""

    host: str
    port: int
    username: str
    password: str


class DynsecError(Exception):
    """The broker refused, or did not answer."""


def add(passwords: Mapping[str, str]) -> Commands:
    """Let these sensors (serial number → password) connect; a known one gets the new password.

    WireError for a bad serial number, DynsecError for the name of a service.
    """
    return [
        {
            "command": "createClient",
            "username": _sensor(serial),
            "clientid": serial,
            "password": password,
            "roles": [{"rolename": SENSOR_ROLE}],
        }
        for serial, password in passwords.items()
    ]


def remove(serial_numbers: Iterable[str]) -> Commands:
    """Disconnect these sensors, and let them connect no more. Errors as `add`."""
    return [{"command": "deleteClient", "username": _sensor(serial)} for serial in serial_numbers]


def acl(kind: str, topic: str, allow: bool = True, priority: int = 0) -> dict[str, Any]:
    """One rule of a role; of those that match, the one of the highest priority decides."""
    return {"acltype": kind, "topic": topic, "priority": priority, "allow": allow}


def sensor_role() -> dict[str, Any]:
    """What sensors may subscribe to; the access control file then narrows what they are sent to their own.

    A subscription that is not refused counts, even where no message may be read through it: a sensor in the
    bridges' shared subscription would be dealt its share of everybody's messages, which would be lost.
    """
    refused = [
        acl("subscribePattern", topic, allow=False) for topic in ("#", "$share/#", "$SYS/#", "$CONTROL/#")
    ]
    return {
        "rolename": SENSOR_ROLE,
        "acls": [acl("subscribePattern", "sensors/+/commands/+", priority=1), *refused],
    }


def apply(access: Access, commands: Commands) -> None:
    """Carry out the commands; those that are done already are no error. DynsecError otherwise."""
    if commands:
        asyncio.run(_with_administrator(access, lambda administrator: administrator.apply(commands)))


def sensors(access: Access) -> list[str]:
    """The serial numbers that may connect, sorted. DynsecError where the broker does not tell."""
    return asyncio.run(_with_administrator(access, lambda administrator: administrator.sensors()))


def _sensor(serial_number: str) -> str:
    if _RESERVED.fullmatch(serial_number):
        raise DynsecError(f"{serial_number} is the name of a service: choose another serial number")
    return check_serial_number(serial_number)


class _Administrator:
    """One connection with the right to command the plugin."""

    def __init__(self) -> None:
        self._responses: asyncio.Queue[bytes] = asyncio.Queue()
        self._connection: Connection | None = None

    async def connect(self, access: Access) -> Connection:
        options = Options(
            access.host,
            access.port,
            client_id="",  # the broker gives one: several may administer at once
            username=access.username,
            password=access.password.encode(),
            session_expiry_s=0,
            clean_start=True,
        )
        self._connection = await connect(options, self._on_messages, lambda _connection, _packets: None)
        response = mqtt5.TopicFilter(_RESPONSE, max_qos=mqtt5.QoS.AT_LEAST_ONCE)
        await self._connection.subscribe(1, [response])
        return self._connection

    async def apply(self, commands: Commands) -> None:
        for first in range(0, len(commands), _AT_ONCE):
            sent = commands[first : first + _AT_ONCE]
            known: Commands = []
            for command, answer in zip(sent, await self._send(sent), strict=True):
                refused = answer.get("error")
                if refused == "Client already exists":
                    known.append({**command, "command": "modifyClient"})
                elif refused and (answer["command"], refused) != ("deleteClient", "Client not found"):
                    raise DynsecError(f"the MQTT broker refuses {answer['command']}: {refused}")
            if known:
                await self.apply(known)

    async def sensors(self) -> list[str]:
        [answer] = await self._send([{"command": "listClients", "count": -1, "offset": 0}])
        if "error" in answer:
            raise DynsecError(f"the MQTT broker refuses listClients: {answer['error']}")
        return sorted(user for user in answer["data"]["clients"] if not _RESERVED.fullmatch(user))

    def _on_messages(self, connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        connection.acknowledge([p.packet_id for p in packets if p.packet_id is not None])
        for packet in packets:
            self._responses.put_nowait(packet.payload)

    async def _send(self, commands: Commands) -> list[dict[str, Any]]:
        assert self._connection is not None
        # the plugin answers on one topic for everybody: ours are those that carry our mark
        mark = secrets.token_hex(8)
        body = json.dumps({"commands": [{**command, "correlationData": mark} for command in commands]})
        self._connection.publish(
            mqtt5.PublishPacket(_REQUEST, body.encode(), qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=2)
        )
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                while True:
                    answers: list[dict[str, Any]] = json.loads(await self._next())["responses"]
                    if all(answer.get("correlationData") == mark for answer in answers):
                        return answers
        except TimeoutError as error:
            raise DynsecError("the MQTT broker's dynamic security plugin does not answer") from error

    async def _next(self) -> bytes:
        """The next answer; MqttError where the connection ends first."""
        assert self._connection is not None
        answer = asyncio.ensure_future(self._responses.get())
        waiting: list[asyncio.Future[Any]] = [answer, self._connection.closed]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise self._connection.closed.result()
        return answer.result()


async def _with_administrator(access: Access, work: Callable[[_Administrator], Awaitable[T]]) -> T:
    administrator = _Administrator()
    try:
        connection = await administrator.connect(access)
        try:
            return await work(administrator)
        finally:
            connection.disconnect()
            await connection.closed
    except MqttError as error:
        raise DynsecError(f"cannot administer the MQTT broker: {error}") from error
