"""What the service is made of: handlers have it at hand."""

import asyncio
from dataclasses import dataclass, field
from typing import Final, Protocol

from runtime.passwords import Passwords
from web import metrics
from web.at_once import AtOnce
from web.caching import SharedAnswers
from web.config import WebSettings
from web.database import Database
from web.limits import Limits
from web.live_hub import LiveHub
from web.sessions import Sessions

_HISTORIES: Final = 2  # read at once; further ones wait, so that lists are answered meanwhile
_HISTORIES_UNDER_WAY: Final = 30  # with those that wait: far fewer than there is room for in `answers`
_COMMANDS: Final = 20
_ALARM_REQUESTS: Final = 100


class Stoppable(Protocol):
    """Something that goes on for somebody, who is told that it stops."""

    def stop(self) -> None:
        """It is told no further."""


@dataclass(slots=True)
class Parts:
    """One for the process."""

    settings: WebSettings
    database: Database
    sessions: Sessions
    limits: Limits
    passwords: Passwords
    hub: LiveHub
    answers: SharedAnswers = field(default_factory=SharedAnswers)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    history: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_HISTORIES))
    histories: AtOnce = field(
        default_factory=lambda: AtOnce(_HISTORIES_UNDER_WAY, "histories", metrics.HISTORIES_UNDER_WAY)
    )
    commands: AtOnce = field(
        default_factory=lambda: AtOnce(_COMMANDS, "commands", metrics.COMMANDS_UNDER_WAY)
    )
    alarm_requests: AtOnce = field(
        default_factory=lambda: AtOnce(
            _ALARM_REQUESTS, "requests of alarms", metrics.ALARM_REQUESTS_UNDER_WAY
        )
    )
    giving: set[Stoppable] = field(default_factory=set)  # commands that somebody may still read of
