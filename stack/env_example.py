"""`python -m stack.env_example`: every setting of every service, from the settings classes themselves.

`make env-example` writes .env.example; a test compares.
"""

from collections.abc import Iterator

from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from alarms.config import AlarmsSettings
from alarms.outbox_config import OutboxSettings
from bridge.config import BridgeSettings
from ctl.settings import CtlSettings
from emulator.config import EmulatorSettings
from emulator.credentials import CredentialsSettings
from ingest.config import IngestSettings
from runtime.config import (
    PREFIX,
    DatabaseSettings,
    MqttSettings,
    RabbitmqSettings,
    Settings,
)
from runtime.topology import TopologySettings
from timescale.config import BootstrapSettings, OwnerSettings
from web.config import WebSettings
from web.live_config import LiveSettings

# In this order; a field is shown where it first comes.
SECTIONS: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("Every service", Settings),
    ("The MQTT broker", MqttSettings),
    ("RabbitMQ", RabbitmqSettings),
    ("TimescaleDB", DatabaseSettings),
    ("python -m bridge", BridgeSettings),
    ("python -m ingest", IngestSettings),
    ("python -m alarms", AlarmsSettings),
    ("python -m alarms: webhooks and mails", OutboxSettings),
    ("python -m web", WebSettings),
    ("python -m web: live data", LiveSettings),
    ("python -m emulator", EmulatorSettings),
    ("python -m emulator.credentials", CredentialsSettings),
    ("python -m runtime.topology", TopologySettings),
    ("python -m timescale migrate, status, maintain", OwnerSettings),
    ("python -m timescale bootstrap", BootstrapSettings),
    ("iotctl", CtlSettings),
)

_HEAD = f"""\
# Every setting, with its default. A variable that is not set, or empty, has its default.
# A secret may come from a file instead: with {PREFIX}SECRETS_DIR=/run/secrets the file
# {PREFIX.lower()}rabbitmq_password holds that password.
#{PREFIX}SECRETS_DIR=
"""


def lines() -> Iterator[str]:
    """The file, line by line."""
    yield from _HEAD.splitlines()
    shown: set[str] = set()
    for title, settings in SECTIONS:
        fields = {name: field for name, field in settings.model_fields.items() if name not in shown}
        if not fields:
            continue
        yield from ("", f"# {title}")
        for name, field in fields.items():
            shown.add(name)
            default = "" if field.default is PydanticUndefined else field.default
            if isinstance(default, SecretStr):
                default = default.get_secret_value()
            required = " Required." if field.is_required() else ""
            yield f"# {field.description}{required}"
            yield f"#{PREFIX}{name.upper()}={default}"


if __name__ == "__main__":
    print("\n".join(lines()))
