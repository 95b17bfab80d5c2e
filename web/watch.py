"""What a page may ask of its live connection."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from web import ladder
from wire import names

_MOST_CHANNELS = 8


class WatchError(ValueError):
    """A message that cannot be followed; the text says why."""


class Watch(BaseModel):
    """One sensor's channels, and how much of them is seen at once."""

    model_config = ConfigDict(frozen=True)

    serial_number: Annotated[str, Field(pattern=f"^{names.SERIAL_NUMBER.pattern}$")]
    channels: Annotated[
        tuple[Annotated[int, Field(ge=0, le=255, strict=True)], ...],
        Field(min_length=1, max_length=_MOST_CHANNELS),
    ]
    span_s: Annotated[float, Field(ge=ladder.LEAST_SPAN_S, le=ladder.MOST_SPAN_S)]
    columns: Annotated[int, Field(ge=20, le=ladder.MOST_COLUMNS)]
    spectrum: bool = False

    @field_validator("channels")
    @classmethod
    def _are_different(cls, channels: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(channels)) < len(channels):
            raise ValueError("each channel once")
        return channels

    @property
    def rung(self) -> int:
        """Where its bin width is on the ladder."""
        return ladder.rung(self.span_s, self.columns)


class _Message(BaseModel):
    watch: Watch | None


def parse(text: str) -> Watch | None:
    """A page's message; None: it watches nothing any longer. WatchError."""
    try:
        return _Message.model_validate_json(text).watch
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WatchError(f"{where}: {first['msg']}" if where else first["msg"]) from error
