"""What the outbox asks of whoever sends: webhooks, mails, RabbitMQ."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class Item(NamedTuple):
    """A row of the outbox that is to be sent now. `lease`: until when it is this process's."""

    id: int
    key: str
    action: str
    payload: Mapping[str, Any]
    attempts: int  # this one included
    lease: datetime
    age_s: float  # since it was to be sent first

    @property
    def lane(self) -> str:
        """Where it goes."""
        return str(self.payload.get("lane", ""))


class UnsentError(Exception):
    """It could not be sent, and is tried again.

    retry_after_s: not sooner than that, as the receiver wants it. payload: what is left of it, where a part was sent.
    """

    def __init__(
        self, text: str, *, retry_after_s: float = 0.0, payload: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s
        self.payload = payload


class RefusedError(Exception):
    """It will never be taken: given up."""


class Sender(Protocol):
    """Sends one kind of row. An item may come twice, under the same key."""

    @property
    def ready(self) -> bool:
        """Whether it makes sense to try: nothing is taken from the outbox otherwise."""
        ...

    async def send(self, item: Item) -> str | None:
        """Return when the receiver has it, with a remark where there is one. UnsentError, RefusedError."""
        ...
