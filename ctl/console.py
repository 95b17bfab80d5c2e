"""A board's serial console, as a program talks to it: a line in, one line out that begins with `ok` or `error:`.

What the board logs meanwhile comes between. firmware/lib/core/include/core/console.h is the other side.
"""

import re
import time
from typing import NamedTuple, Protocol

from ctl.errors import FAILED, NO_ANSWER, USAGE, CtlError

_KILL = "\x15"  # Ctrl-U: whatever stands on the line before is gone
_CANCELLED = "ok nothing is changed"
_ATTEMPT_S = 1.0
_QUIET_S = 0.2
_LONGEST_LINE = 4096  # bytes; a wrong baud rate brings no ends of lines
_HEARD = 512  # bytes that an error message judges by
_SHOWN = re.compile(r"([* -]) ([a-z_.]+) = (.*)")
_BOOT = "console: "


class Line(Protocol):
    """A serial line."""

    name: str

    def read(self, timeout_s: float) -> bytes:
        """What has come, waiting for at most so long; b"" where nothing did. LineLostError where it ended."""
        ...

    def write(self, data: bytes) -> None:
        """All of it. LineLostError where it ended."""
        ...

    def reopen(self) -> bool:
        """Whether a line that was lost is there again."""
        ...


class LineLostError(CtlError):
    """The serial port is gone: its cable, or a board whose USB begins anew."""


class Shown(NamedTuple):
    """A setting as `show` writes it: secrets as ***, PEM files by their size, - where there is nothing."""

    value: str
    saved: bool


class Console:
    """Talks to one board, line by line. Every method raises CtlError: no answer, or one that begins with `error:`."""

    def __init__(self, line: Line, *, patience_s: float = 10.0, answer_s: float = 5.0) -> None:
        self._line = line
        self._patience_s = patience_s  # until a board that was reset has booted
        self._answer_s = answer_s
        self._buffer = b""
        self._heard = b""

    def synchronise(self) -> None:
        """Find the console, whatever state it is in, and forget changes that somebody did not save."""
        deadline = time.monotonic() + self._patience_s
        while (now := time.monotonic()) < deadline:
            self._line.write(f"{_KILL}\ncancel\n".encode())
            until = min(now + _ATTEMPT_S, deadline)
            while (line := self._next_line(until)) is not None:
                if line == _CANCELLED:
                    self._forget()  # answers to earlier attempts
                    return
        raise CtlError(self._why_silent(), NO_ANSWER)

    def say(self, command: str, *, shown_as: str | None = None) -> tuple[str, list[str]]:
        """The text behind `ok`, and the lines before it. Messages name the command as `shown_as`."""
        named = shown_as or command
        if any(one < " " or one == "\x7f" for one in command):
            raise CtlError(f"`{named}` has a control character: nothing was sent", USAGE)
        self._line.write(f"{command}\n".encode())
        before: list[str] = []
        deadline = time.monotonic() + self._answer_s
        while (line := self._next_line(deadline)) is not None:
            if line == "ok" or line.startswith("ok "):
                return line[3:], before
            if line.startswith("error:"):
                raise CtlError(f"the board refuses `{named}`: {line.removeprefix('error:').strip()}", FAILED)
            before.append(line)
        raise CtlError(
            f"no answer to `{named}` within {self._answer_s:g} s: is the board at {self._line.name} still connected?",
            NO_ANSWER,
        )

    def set(self, name: str, value: str, *, secret: bool = False) -> None:
        """Change a setting, until `save` or `cancel`."""
        answer, _ = self.say(f"set {name} {value}", shown_as=f"set {name} ***" if secret else None)
        _check_arrived(name, value, answer)

    def set_pem(self, name: str, text: str) -> None:
        """The same with the lines of a PEM file."""
        self.say(f"set {name} -")
        for line in text.splitlines():
            self.say(line, shown_as=f"a line of {name}")
        answer, _ = self.say(".", shown_as=f"set {name} -")
        _check_arrived(name, text, answer)

    def settings(self) -> dict[str, Shown]:
        """All settings, as they are or would be if changes were saved."""
        _, lines = self.say("show")
        found = [match for match in map(_SHOWN.fullmatch, lines) if match]
        return {name: Shown(value, mark == " ") for mark, name, value in (match.groups() for match in found)}

    def reboot(self, within_s: float = 20.0) -> str | None:
        """What the board says of itself when it is there again; None where it says nothing within that time."""
        self.say("reboot")
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            try:
                line = self._next_line(deadline)
            except LineLostError:
                while not self._line.reopen() and time.monotonic() < deadline:
                    time.sleep(_QUIET_S)
                continue
            if line is not None and line.startswith(_BOOT):
                return line.removeprefix(_BOOT)
        return None

    def _next_line(self, deadline: float) -> str | None:
        """Without its end; None where none came in time."""
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            data = self._line.read(left)
            self._heard = (self._heard + data)[-_HEARD:]
            self._buffer = (self._buffer + data)[-_LONGEST_LINE:]
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    def _forget(self) -> None:
        """Whatever is still on its way, until there is quiet."""
        deadline = time.monotonic() + _ATTEMPT_S
        while self._line.read(_QUIET_S) and time.monotonic() < deadline:
            pass
        self._buffer = b""

    def _why_silent(self) -> str:
        name, heard = self._line.name, self._heard
        if not heard:
            return f"nothing answers at {name}: is a sensor connected there, and powered?"
        text = heard.decode(errors="replace")
        odd = sum(not (one.isprintable() or one.isspace()) or one == "\ufffd" for one in text)
        if odd * 5 > len(text):
            return f"what comes from {name} is no text: another --rate? A sensor's console has 115200 baud"
        if "waiting for download" in text:
            return (
                f"the board at {name} waits for a download: press its reset button, without the boot button"
            )
        last = "".join(one for one in text.strip().splitlines()[-1] if one.isprintable())
        return (
            f"what answers at {name} is no sensor's console; it said {last[:80]!r}: is the firmware flashed?"
        )


def _check_arrived(name: str, value: str, answer: str) -> None:
    """The board says how many bytes it got: a secret is never shown again."""
    size = len(value.encode())
    if not answer.startswith(f"{name}: {size} bytes"):
        raise CtlError(
            f"{name} was lost on the line: {size} bytes were sent, the board says {answer!r}", FAILED
        )
