"""RabbitMQ's own MQTT plugin in Mosquitto's place: the same sensors and services, another broker."""

import functools
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack import ports
from stack.local import Stack
from stack.servers import Rabbitmq
from tests.integration.pipeline import wait_for

BRIDGES = ("bridge-0", "bridge-1")
# The plugin's topics are routing keys of this exchange, with dots; its sessions are queues of this name.
_EXCHANGE = "amq.topic"
_SESSION = "mqtt-subscription-{}qos[01]"
_WILL = "mqtt-will-{}"


class MqttPlugin(Rabbitmq):
    """A second RabbitMQ, which listens for MQTT where its `ports.mqtt` says."""

    def prepare(self) -> None:
        """As the first, with the plugin."""
        super().prepare()
        (self.data / "enabled_plugins").write_text("[rabbitmq_stream,rabbitmq_prometheus,rabbitmq_mqtt].")
        (self.data / "conf.d/mqtt.conf").write_text(
            f"mqtt.listeners.tcp.1 = 127.0.0.1:{self.ports.mqtt}\n"
            "mqtt.max_session_expiry_interval_seconds = 604800\n"  # the default, a day, is less than a bridge's week
        )

    def environment(self) -> dict[str, str]:
        """With a list of plugins of its own."""
        return {**super().environment(), "RABBITMQ_ENABLED_PLUGINS_FILE": "/data/enabled_plugins"}

    def ready(self) -> bool:
        """The plugin's listener is the last."""
        return super().ready() and ports.listening(self.ports.mqtt)

    def allow(self, passwords: Mapping[str, str], *, everything: bool) -> None:
        """Let these users in, as sensors that touch their own topics, or with every right."""
        statements = [_user(user, password, everything) for user, password in passwords.items()]
        self.sandbox.run(["rabbitmqctl", "eval", " ".join(statements) + " ok."], self.environment())


def _user(user: str, password: str, everything: bool) -> str:
    own = rf"{_SESSION.format(user)}|{_WILL.format(user)}"
    queues = ".*" if everything else f"^({own})$"
    both = ".*" if everything else rf"^({own}|amq\\.topic)$"
    write = ".*" if everything else r"^sensors\\.{username}\\.[^.]+$"
    read = ".*" if everything else r"^sensors\\.{username}\\.commands\\.[^.]+$"
    name, by = f'<<"{user}">>', '<<"test">>'
    return (
        f'rabbit_auth_backend_internal:put_user(#{{name => {name}, password => <<"{password}">>, tags => <<"">>}}, {by}), '
        f'rabbit_auth_backend_internal:set_permissions({name}, <<"/">>, <<"{queues}">>, <<"{both}">>, <<"{both}">>, {by}), '
        f"rabbit_auth_backend_internal:set_topic_permissions("
        f'{name}, <<"/">>, <<"{_EXCHANGE}">>, <<"{write}">>, <<"{read}">>, {by}),'
    )


class OtherBroker(Stack):
    """A stack as tests know it, whose sensors and bridges connect to another broker."""

    def __init__(self, real: Stack, broker: MqttPlugin) -> None:
        super().__init__(real.data)
        assert real.ports is not None
        self.ports = real.ports._replace(mqtt=broker.ports.mqtt)
        self.servers = {**real.servers, "mosquitto": broker}
        self._real = real
        self._broker = broker
        self._known: dict[str, str] = {}
        broker.allow({user: self.passwords[f"mqtt/{user}"] for user in BRIDGES}, everything=True)

    @functools.cached_property
    def passwords(self) -> dict[str, str]:
        """The first stack's; `control` is this broker's administrator."""
        return {**self._real.passwords, "mqtt/control": self._broker.passwords["rabbitmq/control"]}

    def credentials(self, serial_numbers: Iterable[str]) -> dict[str, str]:
        """Made at this broker."""
        wanted = list(serial_numbers)
        missing = {serial: secrets.token_hex(12) for serial in wanted if serial not in self._known}
        if missing:
            self._broker.allow(missing, everything=False)
            self._known |= missing
        return {serial: self._known[serial] for serial in wanted}


@contextmanager
def other_broker(stack: Stack, folder: Path) -> Iterator[OtherBroker]:
    """Started now, stopped at the end."""
    broker = MqttPlugin(
        stack.servers["rabbitmq"].root,
        folder / "rabbitmq",
        folder / "rabbitmq.log",
        ports.choose(None, None),
        stack.passwords,
    )
    broker.start()
    try:
        wait_for(broker.ready, 60, f"RabbitMQ with its MQTT plugin: {broker.log}")
        yield OtherBroker(stack, broker)
    finally:
        broker.stop()
