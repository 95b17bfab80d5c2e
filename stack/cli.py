"""The commands of `python -m stack`: the real servers on this machine."""

import contextlib
import os
import shlex
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from runtime.dynsec import DynsecError
from stack import browser as chromium
from stack import cache, supervisor, toolchain
from stack import demo as demonstration
from stack import prometheus as monitoring
from stack.apt import Say
from stack.errors import StackError
from stack.local import Stack, data_folder
from stack.servers import SERVERS, to_json
from wire.errors import WireError

SERVER_NAMES = [kind.name for kind in SERVERS]
err = Console(stderr=True, highlight=False, soft_wrap=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", metavar="DIR", help="Data of the stack [default: .stack in the checkout].")
@click.pass_context
def cli(context: click.Context, data: str | None) -> None:
    """Mosquitto, RabbitMQ and TimescaleDB on this machine, without containers and without root.

    \b
    python -m stack up                              start (fetches the servers the first time)
    python -m stack status --json                   every address, for other programs
    python -m stack credentials pump-1              user name and password for a sensor
    eval "$(python -m stack env bridge-0)"          the settings of a service, for this shell
    python -m stack exec postgres psql              a tool of a server, connected
    python -m stack logs rabbitmq -f                what a server says
    python -m stack prometheus                      beside it, for Grafana's dashboards
    python -m stack down                            stop; the data stays
    PATH="$(python -m stack toolchain):$PATH"       the firmware's compilers and checkers
    """
    context.obj = data_folder(data)


@contextlib.contextmanager
def _progress(first: str) -> Iterator[Say]:
    """On a terminal one line that changes, else a line for each step."""
    with err.status(first) as status:

        def say(line: str) -> None:
            status.update(line)
            if not err.is_terminal:
                err.print(line)

        yield say


@cli.command()
def fetch() -> None:
    """Fetch and unpack the servers (95 MB, once for all checkouts of a user), without starting them."""
    with _progress("looking for the servers") as say:
        cache.ensure_root(say)


@cli.command(name="toolchain")
def tools() -> None:
    """Fetch and unpack the firmware's tools (350 MB, once for all checkouts of a user), and print the folder to put
    first on PATH: PATH="$(python -m stack toolchain):$PATH".
    """
    with _progress("looking for the firmware's tools") as say:
        folder = toolchain.ensure(say)
    click.echo(folder)


@cli.command()
def browser() -> None:
    """Fetch and unpack the browser of the page's tests (130 MB, once for all checkouts of a user), and print its path."""
    with _progress("looking for the browser") as say:
        executable = chromium.ensure(say)
    click.echo(executable)


@cli.command()
@click.option(
    "--base-port", type=int, help="First of the block of 32 ports [default: a free block, remembered]."
)
@click.pass_obj
def up(data: Path, base_port: int | None) -> None:
    """Start the servers in the background and wait until they are ready; nothing where they run already."""
    if Stack(data).supervisor() is not None:
        err.print(f"already running on {data}")
        _show(Stack(data).attach())
        return
    with _progress("starting") as say:
        supervisor.spawn(data, base_port, say)
    _show(Stack(data).attach())


@cli.command()
@click.option(
    "--sensors", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Size of the fleet."
)
@click.option(
    "--base-port", type=int, help="First of the block of 32 ports [default: a free block, remembered]."
)
@click.option(
    "--firmware", default=0, show_default=True, type=click.IntRange(0, 1_000),
    help="Sensors beside it that run the firmware's core, which is built first.",
)  # fmt: skip
@click.option("--duration", type=float, metavar="SECONDS", help="Stop by itself after so long.")
@click.pass_obj
def demo(data: Path, sensors: int, base_port: int | None, firmware: int, duration: float | None) -> None:
    """Servers, services and a fleet of emulated sensors, with a live view of what arrives. Ctrl-C stops it all."""
    demonstration.run(data, sensors, base_port, duration, Console(highlight=False), firmware)


@cli.command()
@click.option(
    "--port", type=click.IntRange(1024, 65535), help="Where it listens [default: of the stack's block]."
)
@click.option("--fetch", "only_fetch", is_flag=True, help="Fetch and unpack it (35 MB), without starting it.")
@click.pass_obj
def prometheus(data: Path, port: int | None, only_fetch: bool) -> None:
    """Prometheus beside a running demo, for Grafana's dashboards of it, until Ctrl-C."""
    with _progress("looking for Prometheus") as say:
        monitoring.fetch(say)
    if not only_fetch:
        monitoring.run(Stack(data).attach(), port, err.print)


@cli.command()
@click.pass_obj
def down(data: Path) -> None:
    """Stop the servers cleanly; the data stays."""
    with err.status("stopping"):
        ran = supervisor.stop(Stack(data))
    err.print("stopped" if ran else f"nothing runs on {data}")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def status(data: Path, as_json: bool) -> None:
    """Every server's address and health; exit code 1 where nothing runs or something is not ready."""
    stack = Stack(data).attach()
    if as_json:
        click.echo(to_json(stack.status()))
    else:
        _show(stack)
    if not stack.status()["ready"]:
        sys.exit(1)


@cli.command()
@click.argument("role", default="control")
@click.pass_obj
def env(data: Path, role: str) -> None:
    """The settings of a ROLE as shell exports: bridge-0 to bridge-3, ingest, emulator, operator, viewer, alarms, web,
    owner, readonly, or control, which may everything [default].
    """
    for name, value in Stack(data).attach().environment(role).items():
        click.echo(f"export {name}={shlex.quote(value)}")


@cli.command(name="exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("server", type=click.Choice(SERVER_NAMES))
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def execute(data: Path, server: str, command: tuple[str, ...]) -> None:
    """Run a tool of a server beside it: psql, rabbitmqctl list_queues, mosquitto_sub …"""
    one = Stack(data).attach().servers[server]
    environment = {**one.environment(), "TERM": os.environ.get("TERM", "dumb")}
    sys.exit(subprocess.run(one.sandbox.command(command, environment), check=False).returncode)


@cli.command()
@click.argument("server", required=False, type=click.Choice(SERVER_NAMES))
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option("-n", "lines", default=50, show_default=True, help="How many lines of each.")
@click.pass_obj
def logs(data: Path, server: str | None, follow: bool, lines: int) -> None:
    """What the servers said last."""
    files = [data / "log" / f"{name}.log" for name in ([server] if server else SERVER_NAMES)]
    present = [file for file in files if file.exists()]
    if not present:
        raise StackError(f"there are no logs in {data / 'log'}: python -m stack up")
    if follow:
        subprocess.run(["tail", "-n", str(lines), "-F", *map(str, present)], check=False)
        return
    for file in present:
        with file.open(errors="replace") as text:
            for line in deque(text, maxlen=lines):
                click.echo(line.rstrip("\n") if server else f"{file.stem}: {line.rstrip()}")


@cli.command()
@click.argument("serial_numbers", nargs=-1, required=True, metavar="SERIAL...")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--revoke", is_flag=True, help="Take them back; a connected sensor is disconnected.")
@click.pass_obj
def credentials(data: Path, serial_numbers: tuple[str, ...], as_json: bool, revoke: bool) -> None:
    """Make (or show) sensors' user names and passwords.

    \b
    A sensor connects with client id = user name = serial number, by MQTT 5 or 3.1.1:
    mosquitto_pub -h HOST -p PORT -i SERIAL -u SERIAL -P PASSWORD -q 1 -t sensors/SERIAL/measurements -f FILE
    """
    stack = Stack(data).attach()
    if revoke:
        stack.revoke(serial_numbers)
        return
    assert stack.ports is not None
    made = stack.credentials(serial_numbers)
    if as_json:
        address = {"host": "127.0.0.1", "port": stack.ports.mqtt}
        click.echo(
            to_json(
                [
                    {**address, "client_id": serial, "username": serial, "password": password}
                    for serial, password in made.items()
                ]
            )
        )
        return
    for serial, password in made.items():
        click.echo(f"{serial}\t{password}\tmqtt://127.0.0.1:{stack.ports.mqtt}")


def _show(stack: Stack) -> None:
    for server in stack.servers.values():
        ports = stack.status()["servers"][server.name]["ports"]  # type: ignore[index]  # JSON of our own
        addresses = "  ".join(f"{protocol} 127.0.0.1:{port}" for protocol, port in ports.items())
        click.echo(f"{server.name:<10} {'ready' if server.ready() else 'not ready':<10} {addresses}")


def run() -> int:
    """Do what the command line says; what the user can mend is one sentence and exit code 1. KeyboardInterrupt."""
    try:
        cli(standalone_mode=False)
    except click.Abort as interrupted:  # click's name for it
        raise KeyboardInterrupt from interrupted
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (StackError, DynsecError, WireError) as error:
        err.print(f"stack: {error}", style="red")
        return 1
    return 0
