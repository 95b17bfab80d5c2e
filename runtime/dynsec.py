"""Sensors' credentials in Mosquitto, added and taken back while it runs.

Through the broker's dynamic security plugin: commands are JSON on a control topic, many in one message.
User name, client id and serial number are one; what a sensor may touch is a fixed rule of the broker's
access control file, so a sensor costs one entry and no role of its own.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import mqtt5

from runtime.mqtt import Connection, MqttError, Options, connect
from wire.names import check_serial_number

_REQUEST = "$CONTROL/dynamic-security/v1"
_RESPONSE = f"{_REQUEST}/response"
# The plugin writes its whole file after each command, so one message with many does not make it cheap;
# the bound keeps each answer below the broker's packet size.
_AT_ONCE = 500

Commands = list[dict[str, Any]]


class Access(NamedTuple):
    """Where the broker is, and a user with the right to administer it."""

    host: str
    port: int
    username: str
    password: str


class DynsecError(Exception):
    """The broker refused, or did not answer."""


def add(passwords: Mapping[str, str]) -> Commands:
    """Let these sensors (serial number → password) connect. WireError for a bad serial number."""
    return [
        {"command": "createClient", "username": serial, "clientid": serial, "password": password}
        for serial, password in passwords.items()
        if check_serial_number(serial)
    ]


def remove(serial_numbers: Iterable[str]) -> Commands:
    """Disconnect these sensors, and let them connect no more."""
    return [{"command": "deleteClient", "username": check_serial_number(s)} for s in serial_numbers]


def apply(access: Access, commands: Commands) -> None:
    """Carry out the commands; those that are done already are no error. DynsecError otherwise."""
    if commands:
        asyncio.run(_apply(access, commands))


async def _apply(access: Access, commands: Commands) -> None:
    responses: asyncio.Queue[bytes] = asyncio.Queue()

    def on_messages(connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        connection.acknowledge([p.packet_id for p in packets if p.packet_id is not None])
        for packet in packets:
            responses.put_nowait(packet.payload)

    options = Options(
        access.host,
        access.port,
        client_id="",  # the broker gives one: several may administer at once
        username=access.username,
        password=access.password.encode(),
        session_expiry_s=0,
        clean_start=True,
    )
    try:
        connection = await connect(options, on_messages, lambda _connection, _packets: None)
        await connection.subscribe(1, [mqtt5.TopicFilter(_RESPONSE, max_qos=mqtt5.QoS.AT_LEAST_ONCE)])
        for first in range(0, len(commands), _AT_ONCE):
            await _send(connection, responses, commands[first : first + _AT_ONCE])
        connection.disconnect()
        await connection.closed
    except MqttError as error:
        raise DynsecError(f"cannot administer the MQTT broker: {error}") from error


async def _send(connection: Connection, responses: "asyncio.Queue[bytes]", commands: Commands) -> None:
    body = json.dumps({"commands": commands}).encode()
    connection.publish(mqtt5.PublishPacket(_REQUEST, body, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=2))
    try:
        async with asyncio.timeout(120):
            answers = json.loads(await responses.get())["responses"]
    except TimeoutError as error:
        raise DynsecError("the MQTT broker's dynamic security plugin does not answer") from error
    harmless = {("createClient", "Client already exists"), ("deleteClient", "Client not found")}
    for answer in answers:
        refused = answer.get("error")
        if refused and (answer["command"], refused) not in harmless:
            raise DynsecError(f"the MQTT broker refuses {answer['command']}: {refused}")
