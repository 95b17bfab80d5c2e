"""Settings of the bridge."""

from pydantic import Field

from runtime import config


class BridgeSettings(config.MqttSettings, config.RabbitmqSettings):
    """Everything `python -m bridge` reads. `mqtt_username` is the client id, too: one each replica."""

    bridge_receive_maximum: int = Field(
        8_192,
        ge=1,
        le=65_535,
        description="Messages for the streams that the broker may have under way to this bridge.",
    )
    bridge_registry_receive_maximum: int = Field(
        16_384,
        ge=1,
        le=65_535,
        description="Births, statuses and acks that it may have under way; best above two for each sensor.",
    )
    bridge_in_flight_bytes: int = Field(
        64_000_000,
        ge=1_000_000,
        description="Bytes held and unconfirmed, of each of these two, before it stops reading MQTT.",
    )
    bridge_envelope_bytes: int = Field(
        1_000_000, ge=1_000, le=4_000_000, description="Bound of one envelope, in bytes."
    )
    bridge_linger_ms: float = Field(
        5.0, ge=0, le=1_000, description="How long the first message of an envelope waits for others, in ms."
    )
