"""The one error that bytes from outside can cause."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message was refused: stable, for counting (metric label, dead letter)."""

    UNKNOWN_TOPIC = "unknown_topic"
    BAD_SERIAL_NUMBER = "bad_serial_number"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    BAD_CHANNELS = "bad_channels"
    BAD_SAMPLE_COUNT = "bad_sample_count"
    NOT_FINITE = "not_finite"
    BAD_SAMPLE_FREQUENCY = "bad_sample_frequency"
    BAD_TIME = "bad_time"
    BAD_SEQUENCE = "bad_sequence"
    BAD_POSITION = "bad_position"
    BAD_TEXT = "bad_text"
    BAD_STATE = "bad_state"
    BAD_COMMAND = "bad_command"
    REFUSED_BY_DATABASE = "refused_by_database"


class WireError(ValueError):
    """A message breaks the contract. Sending it again will not help: it is a dead letter."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
