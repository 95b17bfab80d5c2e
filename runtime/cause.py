"""Why something cannot be reached, in a few words for people."""

import os
import re
import socket
import ssl

_ERRNO = re.compile(r"\[Errno (\d+)\]")


def cause(error: BaseException) -> str:
    """What an error says, in one line and without the address, which whoever says it knows better."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):  # its numbers are not those of the system
        return error.strerror or "no such host"
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        if error.errno:
            return os.strerror(error.errno)
        numbers = [int(number) for number in _ERRNO.findall(str(error))]  # of a host with several addresses
        if numbers:
            return " or ".join(dict.fromkeys(map(os.strerror, numbers)))
    return " ".join(str(error).split()) or type(error).__name__
