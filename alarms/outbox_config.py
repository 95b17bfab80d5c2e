"""Settings of what the outbox sends: webhooks and mails."""

import base64
import binascii
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from runtime.config import Settings

SECRET_PREFIX = "whsec_"  # noqa: S105  # how Standard Webhooks marks one
_LEAST_BYTES, _MOST_BYTES = 24, 64  # as Standard Webhooks wants them


class OutboxSettings(Settings):
    """Where mails go out, with what webhooks are signed, and how long an attempt may be repeated."""

    alarms_outbox_poll_s: float = Field(
        1.0,
        gt=0,
        le=60,
        description="How often the outbox is looked into for what nobody has woken it for, in seconds.",
    )
    alarms_outbox_give_up_s: float = Field(
        86_400.0, ge=1, description="What could not be sent for so long is given up, in seconds."
    )
    alarms_outbox_keep_days: float = Field(
        30.0, ge=1, description="What was sent, or given up, is deleted after so many days."
    )
    alarms_webhook_secret: SecretStr = Field(
        SecretStr(""),
        description=(
            "Signs webhooks (Standard Webhooks): base64 of 24 to 64 bytes, after whsec_ or not; several, with spaces "
            "between, while one takes another's place. Empty: webhooks are not signed."
        ),
    )
    alarms_webhook_timeout_s: float = Field(
        10.0, gt=0, le=25, description="How long one POST may take, in seconds."
    )
    alarms_webhooks_at_once: int = Field(
        8, ge=1, le=100, description="Webhooks under way at once; to one host at most two."
    )
    alarms_smtp_host: str = Field("", description="SMTP server. Empty: mails wait until they are given up.")
    alarms_smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    alarms_smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls from the first byte (port 465, as a rule), or none."
    )
    alarms_smtp_ca: str = Field(
        "", description="File of the authority that signs its certificate; empty: the system's."
    )
    alarms_smtp_username: str = Field("", description="User name. Empty: without a login.")
    alarms_smtp_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    alarms_smtp_from: str = Field(
        "alarms@localhost", pattern=r"^[^@\s,<>]+@[^@\s,<>]+$", description="Sender of mails."
    )

    @field_validator("alarms_webhook_secret")
    @classmethod
    def _are_secrets(cls, given: SecretStr) -> SecretStr:
        for number, one in enumerate(given.get_secret_value().split(), 1):
            try:
                size = len(base64.b64decode(one.removeprefix(SECRET_PREFIX), validate=True))
            except (binascii.Error, ValueError):
                raise ValueError(f"secret {number} is not base64") from None  # its text stays secret
            if not _LEAST_BYTES <= size <= _MOST_BYTES:
                raise ValueError(
                    f"secret {number} has {size} bytes; it needs {_LEAST_BYTES} to {_MOST_BYTES}"
                )
        return given
