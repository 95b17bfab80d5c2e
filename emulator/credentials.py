"""User names and passwords of emulated sensors: the broker knows them, a private file remembers them.

`python -m emulator.credentials` makes those of a fleet, which `python -m emulator` then reads.
"""

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from pydantic import Field

from emulator import options
from emulator.fleet_plan import Fleet, serial_numbers
from runtime import config, dynsec
from runtime.password_files import password, write_private
from wire.errors import WireError


class CredentialsSettings(config.MqttSettings):
    """As whom the broker is told of sensors."""

    mqtt_username: str = Field("control", description="User who may administer the MQTT broker.")


class Credentials:
    """Of the sensors in one file; several processes may use it at the same time."""

    def __init__(self, file: Path, access: dynsec.Access) -> None:
        self._file = file
        self._access = access

    def ensure(self, serials: Iterable[str]) -> dict[str, str]:
        """Serial number → password; made where missing. WireError for a bad serial number, DynsecError."""
        wanted = list(serials)
        with self._locked() as known:
            missing = {serial: password() for serial in wanted if serial not in known}
            if missing:
                # the broker first: a password that only it knows is replaced by the next call
                dynsec.apply(self._access, dynsec.add(missing))
                known.update(missing)
                self._write(known)
            return {serial: known[serial] for serial in wanted}

    def revoke(self, serials: Iterable[str]) -> None:
        """Take credentials back; a connected sensor is disconnected. Errors as `ensure`."""
        gone = list(serials)
        with self._locked() as known:
            dynsec.apply(self._access, dynsec.remove(gone))
            self._write({serial: secret for serial, secret in known.items() if serial not in gone})

    def _write(self, known: dict[str, str]) -> None:
        write_private(self._file, json.dumps(known, indent=1, sort_keys=True))

    @contextmanager
    def _locked(self) -> Iterator[dict[str, str]]:
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield json.loads(self._file.read_text()) if self._file.exists() else {}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--credentials", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help="JSON file: serial number → password, for the emulator's option of the same name.",
)  # fmt: skip
@click.option("--sensors", default=50, show_default=True, type=options.SENSORS, help="Size of the fleet.")
@click.option("--prefix", default="", help="Put before every serial number of the fleet.")
def main(credentials: Path, sensors: int, prefix: str) -> None:
    """Let an emulated fleet log in to the MQTT broker: passwords that are missing are made. Others stay as they are."""
    settings = config.load(CredentialsSettings)
    access = dynsec.Access(
        settings.mqtt_host,
        settings.mqtt_port,
        settings.mqtt_username,
        settings.mqtt_password.get_secret_value(),
    )
    try:
        made = Credentials(credentials, access).ensure(serial_numbers(Fleet(sensors, prefix)))
    except (dynsec.DynsecError, WireError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(made)} sensors may log in: {credentials}")


if __name__ == "__main__":
    main()
