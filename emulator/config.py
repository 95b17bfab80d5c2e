"""Settings of the emulator: where the broker is. What is emulated is said on the command line."""

from pydantic import Field

from runtime import config


class EmulatorSettings(config.Settings):
    """Everything `python -m emulator` reads from the environment; credentials come in a file."""

    mqtt_host: str = Field("127.0.0.1", description="Host of the MQTT broker.")
    mqtt_port: int = Field(1883, ge=1, le=65535, description="Its port.")
