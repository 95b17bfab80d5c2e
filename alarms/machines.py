"""Machine controllers by gRPC (proto/alarm.proto): tells them triggers at once, and again until they are acknowledged.

An acknowledgement counts when the store holds it; a trigger whose acknowledgement could not be kept is told again, and
the controller, which has done it already, answers again.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from wire.alarm_pb2 import Trigger

MAXIMUM_UNACKNOWLEDGED: Final = 10_000  # triggers in memory; beyond them the database alone has the oldest
EVERY_TARGET: Final = "*"


class Tls(NamedTuple):
    """PEM files; a controller's certificate is to be signed by `client_ca`."""

    certificate: Path
    key: Path
    client_ca: Path


class Acknowledgement(NamedTuple):
    """What a controller has answered."""

    trigger_id: uuid.UUID
    machine: str  # the controller's name
    outcome: str  # DONE, REFUSED, FAILED
    action_taken: str
    time_ns: int  # by the machine's clock
    received_ns: int  # by ours
    trigger: Trigger | None  # where it is still in memory: not where another replica told it


class Store(Protocol):
    """What the database keeps of triggers. Any exception means: not now, it is tried again later."""

    async def unacknowledged(self, targets: Collection[str]) -> Sequence[Trigger]:
        """Triggers of these machines ({"*"}: of all) that are neither acknowledged nor expired, oldest first.

        At most MAXIMUM_UNACKNOWLEDGED, the newest ones of them.
        """

    async def acknowledged(
        self, trigger_id: uuid.UUID, machine: str, outcome: str, action_taken: str, time_ns: int
    ) -> None:
        """Keep the first acknowledgement of a trigger; also of one that is not in the database yet."""


class MachineServer:
    """Runs on one event loop; all its methods are called there."""

    def __init__(
        self,
        store: Store,
        on_acknowledged: Callable[[Acknowledgement], None],
        *,
        host: str,
        port: int,
        instance: str,
        tls: Tls | None = None,
        token: str | None = None,
        maximum_connections: int = 500,
        maximum_queued: int = 1_000,
        redeliver_s: float = 5.0,
    ) -> None:
        """`on_acknowledged` is called at once, each time, before the store is; it must not wait.

        ValueError, with a sentence, where that cannot be served: TLS and token at once, or neither and not loopback.
        """
        raise NotImplementedError

    async def start(self) -> int:
        """Listen; the port. OSError, with a sentence, where that fails (the port, a PEM file)."""
        raise NotImplementedError

    async def stop(self, grace_s: float) -> None:
        """NOT_SERVING, then tell what is queued, end the streams, and store what was acknowledged, within `grace_s`."""
        raise NotImplementedError

    def deliver(self, trigger: Trigger) -> int:
        """Tell it to every connected controller of its target that was not told it yet: to how many. Never waits.

        Also for what another replica has judged. `sent_time_ns` is set where it is 0. It is kept until it is
        acknowledged or has expired.
        """
        raise NotImplementedError

    def resolved(self, target: str, alarm_id: uuid.UUID, time_ns: int) -> int:
        """Tell the target's connected controllers that an alarm is over: to how many."""
        raise NotImplementedError

    def forget(self, trigger_id: uuid.UUID) -> None:
        """It was acknowledged elsewhere: no more is told. Otherwise that is seen in the store, some seconds later."""
        raise NotImplementedError

    @property
    def connected(self) -> int:
        """Controllers that have said Hello."""
        raise NotImplementedError
