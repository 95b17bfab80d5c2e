"""Sensors' user names and passwords of one stack: the broker knows them, a private file remembers them."""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime import dynsec
from runtime.password_files import password
from stack import secrets


class Credentials:
    """Of the sensors of one data folder; several processes may use it at the same time."""

    def __init__(self, file: Path, access: dynsec.Access) -> None:
        self._file = file
        self._access = access

    def ensure(self, serial_numbers: Iterable[str]) -> dict[str, str]:
        """Serial number → password; made where missing. WireError for a bad serial number, DynsecError."""
        wanted = list(serial_numbers)
        with self._locked() as known:
            missing = {serial: password() for serial in wanted if serial not in known}
            if missing:
                # the broker first: a password that only it knows is replaced by the next call
                dynsec.apply(self._access, dynsec.add(missing))
                known.update(missing)
                secrets.write_json(self._file, known)
            return {serial: known[serial] for serial in wanted}

    def revoke(self, serial_numbers: Iterable[str]) -> None:
        """Take credentials back; a connected sensor is disconnected. Errors as `ensure`."""
        gone = list(serial_numbers)
        with self._locked() as known:
            dynsec.apply(self._access, dynsec.remove(gone))
            secrets.write_json(self._file, {s: secret for s, secret in known.items() if s not in gone})

    @contextmanager
    def _locked(self) -> Iterator[dict[str, str]]:
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield secrets.read_private(self._file)
