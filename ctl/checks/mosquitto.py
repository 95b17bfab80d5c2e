"""The MQTT broker: whether it answers, what it says of itself, and which bridges are connected."""

import asyncio

import mqtt5

from ctl.checks.finding import Say, Teller
from ctl.durations import show_duration
from ctl.settings import CtlSettings
from runtime.mqtt import Connection, MqttError, Options, connect
from wire.names import PRESENCE_FILTER

_VERSION = "$SYS/broker/version"
_UPTIME = "$SYS/broker/uptime"
_CLIENTS = "$SYS/broker/clients/connected"
_DROPPED = "$SYS/broker/publish/messages/dropped"
_TOPICS = (_VERSION, _UPTIME, _CLIENTS, _DROPPED, PRESENCE_FILTER)
_WAIT_S = 3.0  # for the first retained topic
_MORE_S = 0.5  # for the others


def check(settings: CtlSettings, say: Say) -> None:
    """See above."""
    tell = Teller("mosquitto", say)
    where = f"{settings.mqtt_host}:{settings.mqtt_port}"
    password = settings.mqtt_password.get_secret_value()
    options = Options(
        settings.mqtt_host,
        settings.mqtt_port,
        client_id="",  # the broker gives one
        username=settings.mqtt_username,
        password=password.encode(),
        session_expiry_s=0,
        clean_start=True,
        connect_timeout_s=5,
    )
    try:
        heard = asyncio.run(_listen(options))
    except MqttError as error:
        if error.retryable and "closed by the broker" not in str(error):
            tell.problem(
                "reachable",
                str(error),
                "is it running, and are STREAMING_MQTT_HOST and _PORT (or the profile) right?",
            )
        elif not password:
            tell.warning(
                "credentials",
                f"answers at {where}; without an MQTT account it says no more",
                "set STREAMING_MQTT_USERNAME and _PASSWORD, or give them to iotctl login",
            )
        else:
            tell.problem(
                "credentials",
                f"refuses the user name {settings.mqtt_username!r}, its password, or what it asks for",
                "check STREAMING_MQTT_USERNAME and _PASSWORD, or iotctl login",
            )
        return
    _judge(tell, heard, where)


def _judge(tell: Teller, heard: dict[str, str], where: str) -> None:
    version = heard.get(_VERSION, "").removeprefix("mosquitto version ")
    if version:
        uptime = heard.get(_UPTIME, "").partition(" ")[0]
        since = f", up for {show_duration(float(uptime))}" if uptime.isdigit() else ""
        clients = f", {heard[_CLIENTS]} clients" if _CLIENTS in heard else ""
        tell.ok("reachable", f"Mosquitto {version} at {where}{since}{clients}")
        if version.split(".")[0] in ("0", "1"):
            tell.problem("version", f"{version} knows no MQTT 5 reasons", "use Mosquitto 2.0 or later")
    else:
        tell.ok("reachable", f"answers at {where}, and says nothing of itself")
    dropped = heard.get(_DROPPED, "0")
    if dropped.isdigit() and int(dropped):
        tell.warning(
            "dropped",
            f"{int(dropped):,} messages were dropped since it started: a client was away for longer than its queue holds",
            "iotctl sensors --losing shows what is missing; iotctl resend asks for it",
        )
    bridges = {
        topic.split("/")[1]: text for topic, text in heard.items() if topic.startswith("bridges/") and text
    }
    online = sorted(name for name, text in bridges.items() if text == "online")
    if online:
        tell.ok("bridges", f"{', '.join(online)} online")
    else:
        tell.problem(
            "bridges",
            "no bridge is connected: nothing passes from sensors to RabbitMQ, and back",
            "start one (python -m bridge), or look at its log",
        )


async def _listen(options: Options) -> dict[str, str]:
    """Topic → text of what is retained. MqttError."""
    heard: dict[str, str] = {}
    first = asyncio.Event()

    def on_messages(connection: Connection, packets: list[mqtt5.PublishPacket]) -> None:
        connection.acknowledge([packet.packet_id for packet in packets if packet.packet_id is not None])
        for packet in packets:
            heard[packet.topic] = packet.payload.decode(errors="replace")
        if _VERSION in heard:
            first.set()

    connection = await connect(options, on_messages, lambda _connection, _packets: None)
    try:
        await connection.subscribe(
            1, [mqtt5.TopicFilter(topic, max_qos=mqtt5.QoS.AT_LEAST_ONCE) for topic in _TOPICS]
        )
        try:
            async with asyncio.timeout(_WAIT_S):
                await first.wait()
        except TimeoutError:
            return heard
        await asyncio.sleep(_MORE_S)
        return heard
    finally:
        connection.disconnect()
        await connection.closed
