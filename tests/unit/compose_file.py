"""compose.yaml as a container engine would read it, and what the code says of the commands and settings in it."""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, cast

import click
import yaml
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from alarms.__main__ import cli as alarms
from alarms.config import AlarmsSettings
from bridge.__main__ import cli as bridge
from bridge.config import BridgeSettings
from ctl.cli import cli as iotctl
from ctl.settings import CtlSettings
from emulator.__main__ import main as emulator
from emulator.config import EmulatorSettings
from emulator.credentials import CredentialsSettings
from emulator.credentials import main as emulator_credentials
from ingest.__main__ import cli as ingest
from ingest.config import IngestSettings
from runtime.accounts import cli as accounts
from runtime.accounts import holders
from runtime.config import PREFIX
from runtime.topology import TopologySettings
from runtime.topology import main as topology
from stack.servers import REPOSITORY
from timescale.__main__ import cli as timescale
from timescale.config import BootstrapSettings, OwnerSettings
from web.__main__ import cli as web
from web.config import WebSettings

FILE = REPOSITORY / "compose.yaml"
IMAGES: dict[str, dict[str, Any]] = yaml.safe_load((REPOSITORY / "tests/data/images.yaml").read_text())
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")

Compose = dict[str, Any]
Service = dict[str, Any]


class Program(NamedTuple):
    """An entry point: its options, and the settings that it reads, by subcommand where it has some."""

    command: click.Command
    settings: dict[str, type[BaseSettings]]


PROGRAMS: dict[str, Program] = {
    "sensor-streaming-accounts": Program(accounts, {}),
    "sensor-streaming-alarms": Program(alarms, {"": AlarmsSettings}),
    "sensor-streaming-bridge": Program(bridge, {"": BridgeSettings}),
    "sensor-streaming-emulator": Program(emulator, {"": EmulatorSettings}),
    "sensor-streaming-emulator-credentials": Program(emulator_credentials, {"": CredentialsSettings}),
    "sensor-streaming-ingest": Program(ingest, {"": IngestSettings}),
    "sensor-streaming-timescale": Program(
        timescale, {"bootstrap": BootstrapSettings, "migrate": OwnerSettings, "maintain": OwnerSettings}
    ),
    "sensor-streaming-topology": Program(topology, {"": TopologySettings}),
    "sensor-streaming-web": Program(web, {"": WebSettings}),
    "iotctl": Program(iotctl, {"": CtlSettings}),
}


def load(text: str | None = None) -> Compose:
    """With every variable at its default, as where nobody has set any."""
    compose: Compose = _interpolated(yaml.safe_load(FILE.read_text() if text is None else text))
    return compose


def _interpolated(value: Any) -> Any:
    """In strings only, after YAML is read: an empty variable is an empty string."""
    if isinstance(value, dict):
        return {name: _interpolated(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_interpolated(one) for one in value]
    return _VARIABLE.sub(r"\2", value) if isinstance(value, str) else value


def variables() -> set[str]:
    """That an operator may set; each has a default."""
    text = "\n".join(line.partition("#")[0] for line in FILE.read_text().splitlines())
    assert text.count("${") == len(_VARIABLE.findall(text))
    return {name for name, _default in _VARIABLE.findall(text)}


def ours(service: Service) -> bool:
    """Whether it runs the image that is built here."""
    return str(service.get("image", "")).startswith("sensor-streaming:")


def words(service: Service) -> list[str]:
    """Program and arguments."""
    return [str(word) for word in [*service.get("entrypoint", []), *service.get("command", [])]]


def environment(service: Service) -> dict[str, str]:
    """Its variables."""
    return {name: str(value) for name, value in service.get("environment", {}).items()}


class Mount(NamedTuple):
    """A volume, or a file or folder of the host."""

    source: str
    target: str
    options: frozenset[str]

    @property
    def read_only(self) -> bool:
        """Whether it cannot be written through this mount."""
        return "ro" in self.options

    @property
    def bound(self) -> bool:
        """Whether it is the host's."""
        return self.source.startswith((".", "/"))

    @property
    def holder(self) -> str | None:
        """Whose passwords it holds: "" for everybody's; None where it is something else."""
        return (
            self.source.removeprefix("./secrets").strip("/") if self.source.startswith("./secrets") else None
        )


def mounts(service: Service) -> list[Mount]:
    """All but tmpfs."""
    found = []
    for volume in service.get("volumes", []):
        source, target, *options = volume.split(":")
        found.append(Mount(source, target, frozenset(",".join(options).split(",")) - {""}))
    return found


def networks(service: Service) -> set[str]:
    """Those that it is in."""
    return set(service.get("networks", []))


def image_of(service: Service) -> tuple[str, str]:
    """Name and tag."""
    name, _, tag = service["image"].partition(":")
    return name, tag


def settings_of(service: Service) -> type[BaseSettings] | None:
    """The class that its program reads its settings by."""
    program, *arguments = words(service)
    known = PROGRAMS[program].settings
    return known.get("") or next((known[word] for word in arguments if word in known), None)


def refused_settings(service: Service) -> Iterator[str]:
    """Variables that nobody reads, and whatever the settings class itself says of the others.

    With passwords of the folder that it is given, so that one that is missing is seen.
    """
    settings = settings_of(service)
    given = {name: value for name, value in environment(service).items() if name.startswith(PREFIX)}
    if settings is None:
        yield from (f"{name} is read by nobody" for name in given)
        return
    known = {f"{PREFIX}{name.upper()}" for name in settings.model_fields} | {f"{PREFIX}SECRETS_DIR"}
    yield from (f"{name} is no setting of {settings.__name__}" for name in given if name not in known)
    [folder] = [m.holder for m in mounts(service) if m.target == "/run/secrets"] or [None]
    with tempfile.TemporaryDirectory() as secrets:
        for setting in holders().get(folder or "", {}):
            Path(secrets, f"{PREFIX.lower()}{setting}").write_text("password")
        before = dict(os.environ)
        os.environ.update(given)
        try:
            settings(_secrets_dir=secrets if f"{PREFIX}SECRETS_DIR" in given else None)
        except ValidationError as error:
            yield from (f"{problem['loc']}: {problem['msg']}" for problem in error.errors())
        finally:
            os.environ.clear()
            os.environ.update(before)


def refused_arguments(program: str, arguments: Sequence[str]) -> str | None:
    """Why that program would end with exit code 2; None where it would begin. Files need not exist."""
    try:
        _parse(PROGRAMS[program].command, list(arguments), click.Context(PROGRAMS[program].command))
    except click.UsageError as error:
        return error.format_message()
    return None


def _parse(command: click.Command, arguments: list[str], ctx: click.Context) -> list[str]:
    """The arguments that are left over: of a command in a chain, those of the next."""
    if isinstance(command, click.Group) and not command.chain:
        ctx.allow_interspersed_args = False
    if ctx.parent is not None and isinstance(ctx.parent.command, click.Group) and ctx.parent.command.chain:
        ctx.allow_interspersed_args = False
        ctx.allow_extra_args = True
    parser = command.make_parser(ctx)
    values, rest, _ = parser.parse_args(arguments)
    for parameter in command.get_params(ctx):
        value = cast("Any", values).get(parameter.name)
        if value in (None, ()) or isinstance(value, Enum):  # click's own mark of what is not given
            if parameter.required:
                raise click.MissingParameter(ctx=ctx, param=parameter)
        elif not isinstance(parameter.type, click.Path):
            parameter.type_cast_value(ctx, value)
    if isinstance(command, click.Group):
        while rest:
            name, *rest = rest
            subcommand = command.get_command(ctx, name)
            if subcommand is None:
                raise click.UsageError(f"no such command {name!r}", ctx)
            rest = _parse(subcommand, rest, click.Context(subcommand, info_name=name, parent=ctx))
            if rest and not command.chain:
                raise click.UsageError(f"too many arguments: {rest}", ctx)
    elif rest and not ctx.allow_extra_args:
        raise click.UsageError(f"too many arguments: {rest}", ctx)
    return rest


def targets() -> dict[str, list[str]]:
    """Prometheus' job → host:port."""
    return {
        file.stem: [target for group in json.loads(file.read_text()) for target in group["targets"]]
        for file in sorted((REPOSITORY / "compose/targets").glob("*.json"))
    }
