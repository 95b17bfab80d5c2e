"""What a check finds, and how checks run: side by side, each with a deadline, none in the way of another."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from ctl.errors import CtlError, said_plainly
from ctl.settings import CtlSettings

Level = Literal["ok", "warning", "problem"]


class Finding(NamedTuple):
    """One thing that was looked at: what it means in a sentence, and what to do where it is not ok."""

    server: str
    check: str
    state: Level
    finding: str
    advice: str = ""


Say = Callable[[Finding], None]
Check = Callable[[CtlSettings, Say], None]


class Teller:
    """Says findings of one server."""

    def __init__(self, server: str, say: Say) -> None:
        self._server = server
        self._say = say

    def ok(self, check: str, finding: str) -> None:
        """As it should be."""
        self._say(Finding(self._server, check, "ok", finding))

    def warning(self, check: str, finding: str, advice: str) -> None:
        """Worth a look."""
        self._say(Finding(self._server, check, "warning", finding, advice))

    def problem(self, check: str, finding: str, advice: str) -> None:
        """Something does not work, or will soon stop to."""
        self._say(Finding(self._server, check, "problem", finding, advice))


def counted(number: int, what: str) -> str:
    """ "1 message", "2,000 messages", "2 batches"."""
    plural = what if number == 1 else f"{what}es" if what.endswith("ch") else f"{what}s"
    return f"{number:,} {plural}"


def run_all(
    checks: Mapping[str, Check],
    settings: CtlSettings,
    timeout_s: float,
    waiting: Callable[[list[str]], object] = lambda _names: None,
) -> Iterator[Finding]:
    """The findings of all checks, as they come; `waiting` is told which have not ended.

    A check that fails or does not end within `timeout_s` is a problem itself; what it had found by then counts.
    """
    found: queue.SimpleQueue[tuple[str, Finding | None]] = queue.SimpleQueue()

    def work(name: str, check: Check) -> None:
        try:
            with said_plainly():
                check(settings, lambda finding: found.put((name, finding)))
        except CtlError as error:
            found.put((name, Finding(name, "reachable", "problem", error.message, _ADVICE.get(name, ""))))
        except Exception as error:  # a check that cannot judge is said, and does not stop the others
            found.put(
                (name, Finding(name, "check", "problem", f"the check failed: {error!r}", "report this"))
            )
        found.put((name, None))

    for name, check in checks.items():
        # a daemon: one that hangs does not keep the process alive
        threading.Thread(target=work, args=(name, check), name=f"check {name}", daemon=True).start()
    left = list(checks)
    deadline = time.monotonic() + timeout_s
    waiting(left)
    while left:
        try:
            name, finding = found.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if finding is not None:
            yield finding
        elif name in left:
            left.remove(name)
            waiting(left)
    for name in left:
        text = f"no answer within {timeout_s:g} s"
        yield Finding(
            name, "reachable", "problem", text, _ADVICE.get(name, "") or "try again with a longer --timeout"
        )


_ADVICE: dict[str, str] = {
    "mosquitto": "is it running, and are STREAMING_MQTT_HOST and _PORT (or the profile) right?",
    "rabbitmq": "is it running, and are STREAMING_RABBITMQ_HOST and _AMQP_PORT (or the profile) right?",
    "streams": "is RabbitMQ running with its stream plugin, and is STREAMING_RABBITMQ_STREAM_PORT right?",
    "resources": "is its Prometheus plugin enabled, and is STREAMING_RABBITMQ_METRICS_URL right?",
    "sensors": "see database",
    "alarms": "see database",
    "dead letters": "see streams",
    "database": "is PostgreSQL running, and are STREAMING_DATABASE_HOST and _PORT (or the profile) right?",
}
