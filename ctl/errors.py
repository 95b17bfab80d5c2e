"""What can go wrong, each with its exit code, and what other libraries raise said as one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg

from runtime.amqp_errors import AmqpError
from runtime.dynsec import DynsecError
from runtime.streams import StreamError
from timescale.migrate import MigrationError
from wire.errors import WireError

FAILED = 1  # a command was refused, expired or reached nobody; a check found something wrong
USAGE = 2  # nothing was sent: a wrong option or value, an unknown serial number
UNREACHABLE = 3  # a server is away
FORBIDDEN = 4  # wrong credentials, or no right to do this
NO_ANSWER = 5  # sent, and not answered in the time given

MEANING = {
    0: "done",
    FAILED: "a sensor refused, a command expired or reached nobody, or a check found something wrong",
    USAGE: "wrong option or value, or unknown serial number: nothing was done",
    UNREACHABLE: "a server cannot be reached",
    FORBIDDEN: "wrong credentials, or no right to do this",
    NO_ANSWER: "sent, but not answered in the time given",
    130: "interrupted by Ctrl-C",
}

_NO_RIGHT = ("28", "42501")  # SQLSTATE class 28: authentication; 42501: insufficient privilege


class CtlError(click.ClickException):
    """Ends `iotctl` with a sentence on standard error and an exit code."""

    exit_code: int  # type: ignore[misc]  # each has its own, where click means one a class

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def said_plainly() -> Iterator[None]:
    """Errors of the servers and of the wire become CtlErrors."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise CtlError(f"the database does not allow that: {_first_line(error)}", FORBIDDEN) from error
    except psycopg.errors.UndefinedTable as error:
        raise CtlError(
            f"the database's schema is too old for this iotctl ({_first_line(error)}): iotctl db migrate"
        ) from error
    except psycopg.OperationalError as error:
        raise _database_away(error) from error
    except psycopg.Error as error:
        raise CtlError(f"the database refuses: {_first_line(error)}") from error
    except AmqpError as error:
        raise CtlError(str(error), UNREACHABLE if error.retryable else FORBIDDEN) from error
    except (StreamError, DynsecError) as error:
        raise CtlError(str(error), UNREACHABLE) from error
    except WireError as error:
        raise CtlError(error.detail, USAGE) from error
    except MigrationError as error:
        raise CtlError(str(error)) from error


def _database_away(error: psycopg.OperationalError) -> CtlError:
    # at connection time psycopg knows the SQLSTATE only as text
    text = _first_line(error)
    if "no password supplied" in text:
        return CtlError(
            "the database wants a password: iotctl login, or set STREAMING_DATABASE_PASSWORD", FORBIDDEN
        )
    refused = (error.sqlstate or "").startswith(_NO_RIGHT) or "authentication failed" in text
    if refused or "permission denied" in text:
        return CtlError(f"the database does not let you in: {text}", FORBIDDEN)
    return CtlError(f"cannot reach the database: {text}", UNREACHABLE)


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else repr(error)
