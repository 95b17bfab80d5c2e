"""A serial port of this machine: opened, or a sentence that says why not."""

import errno
import time
from typing import TYPE_CHECKING

from ctl.console import LineLostError
from ctl.errors import FORBIDDEN, NO_ANSWER, UNREACHABLE, USAGE, CtlError

if TYPE_CHECKING:
    from click import Context, Parameter
    from click.shell_completion import CompletionItem
    from serial import Serial

_POLL_S = 0.05


class SerialPort:
    """8 data bits, no parity, one stop bit. Nobody else may use it meanwhile."""

    def __init__(self, name: str, rate: int) -> None:
        self.name = name
        self._rate = rate
        self._serial = _open(name, rate)

    def read(self, timeout_s: float) -> bytes:
        """What has come, waiting for at most so long."""
        deadline = time.monotonic() + timeout_s
        try:
            while not (data := self._serial.read(1)) and time.monotonic() < deadline:
                pass
            return data + self._serial.read(self._serial.in_waiting)
        except OSError as error:  # SerialException is one
            raise self._lost(error) from error

    def write(self, data: bytes) -> None:
        """All of it, on the line."""
        try:
            self._serial.write(data)
            self._serial.flush()
        except OSError as error:
            raise self._lost(error) from error

    def reopen(self) -> bool:
        """Whether it is there again."""
        self._serial.close()
        try:
            self._serial = _open(self.name, self._rate)
        except CtlError:
            return False
        return True

    def close(self) -> None:
        """Others may use it again."""
        self._serial.close()

    def _lost(self, error: OSError) -> LineLostError:
        return LineLostError(f"{self.name} went away ({error}): is the board still connected?", NO_ANSWER)


def ports() -> list[tuple[str, str]]:
    """Serial ports of this machine, those on USB first: name and description."""
    from serial.tools import list_ports

    found = sorted(list_ports.comports(), key=lambda port: (port.vid is None, port.device))
    return [(port.device, "" if port.description == "n/a" else port.description) for port in found]


def complete_port(ctx: "Context", parameter: "Parameter", incomplete: str) -> "list[CompletionItem]":  # noqa: ARG001  # click's signature
    """For the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=what) for name, what in ports() if name.startswith(incomplete)]


def _open(name: str, rate: int) -> "Serial":
    from serial import Serial, SerialException

    try:
        return Serial(name, rate, timeout=_POLL_S, write_timeout=5, exclusive=True)
    except SerialException as error:
        raise _refused(name, error) from error
    except ValueError as error:
        raise CtlError(f"{name} does not know {rate} baud", USAGE) from error


def _refused(name: str, error: OSError) -> CtlError:
    if error.errno == errno.ENOENT:
        there = [f"{device} ({what})" if what else device for device, what in ports()]
        known = (
            f"; there are: {', '.join(there)}"
            if there
            else "; this machine has none: is the board connected?"
        )
        return CtlError(f"there is no serial port {name}{known}", USAGE)
    if error.errno == errno.EACCES:
        return CtlError(
            f"you may not use {name}: your user has to be in its group (ls -l {name}), dialout for the most part",
            FORBIDDEN,
        )
    if error.errno in (errno.EWOULDBLOCK, errno.EBUSY):
        return CtlError(f"somebody else uses {name}: a monitor, or another iotctl", UNREACHABLE)
    return CtlError(f"{name} is no serial port that works: {error}", USAGE)
