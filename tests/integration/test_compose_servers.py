"""Mosquitto, RabbitMQ and PostgreSQL start as compose.yaml has it: its mounts, users, variables and commands, on a root
that cannot be written, without a network to the outside.

Debian's builds of them, not the images': what is tested is the configuration, and that nothing else is written to.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack import cache
from stack.servers import REPOSITORY
from tests.unit import compose_file
from tests.unit.compose_file import IMAGES, Service

SERVICES = compose_file.load()["services"]
# Where Debian has what the image has elsewhere.
PATH = "/usr/lib/postgresql/17/bin:/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin"
# Name, what the image runs, what it says when it is ready.
SERVERS = [
    (
        "mosquitto",
        # it says nothing when it is ready, so a bridge logs in
        (
            "mosquitto -c /mosquitto/config/mosquitto.conf & until mosquitto_pub -V 5 -i bridge-0 -u bridge-0 "
            "-P {bridge} -q 1 -t bridges/bridge-0/presence -m here 2>/dev/null; do sleep 0.1; done; echo a bridge is in; wait"
        ),
        "a bridge is in",
    ),
    ("rabbitmq", "exec rabbitmq-server", r"completed with \d+ plugins"),
    (
        "timescaledb",
        # what the image's entry point does before
        'initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS >/tmp/initdb && exec "$@"',
        "database system is ready to accept connections",
    ),
]
HOMES = {"rabbitmq": {"HOME": "/var/lib/rabbitmq"}, "timescaledb": {"PGDATA": "/home/postgres/pgdata/data"}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `accounts` makes: folders of passwords and definitions, and Mosquitto's volume."""
    folder = tmp_path_factory.mktemp("accounts")
    arguments = [
        word for word in compose_file.words(SERVICES["accounts"])[1:] if not word.startswith("--owner")
    ]
    places = {
        "/secrets": folder,
        "/mosquitto/data": folder / "mosquitto",
        "/etc/streaming/acl": REPOSITORY / "mosquitto/acl",
    }
    for place, here in places.items():
        arguments = [re.sub(rf"(^|=){place}(?=/|$)", rf"\g<1>{here}", word) for word in arguments]
    subprocess.run(
        [sys.executable, "-m", "runtime.accounts", *arguments],
        cwd=REPOSITORY, check=True, capture_output=True,
    )  # fmt: skip
    return folder


def command(name: str, script: str, made: Path, folder: Path) -> list[str]:
    """bubblewrap in the engine's place: a root of Debian's packages, and what the service mounts."""
    service: Service = SERVICES[name]
    root = cache.ensure_root(print)
    [loader] = root.glob("usr/lib/*-linux-gnu/ld-linux-*")
    uid, gid = IMAGES[compose_file.image_of(service)[0]]["user"].split(":")
    (folder / "passwd").write_text(f"{name}:x:{uid}:{gid}::/:/bin/sh\n")
    (folder / "hosts").write_text(f"127.0.0.1 localhost {name}\n")
    binds: list[str] = []
    for mount in compose_file.mounts(service):
        if mount.holder is not None:
            source = made / mount.holder
        elif mount.bound:
            source = REPOSITORY / mount.source
        else:
            source = made / name if name == "mosquitto" else folder / mount.source
            source.mkdir(exist_ok=True)
        if mount.target == "/mosquitto/config/mosquitto.conf":
            source = _with_debians_plugin(source, root, folder)
        binds += ["--ro-bind" if mount.read_only else "--bind", str(source), mount.target]
    temporary = [entry.partition(":")[0].replace("/var/run", "/run") for entry in service.get("tmpfs", [])]
    variables = {"PATH": PATH, "LANG": "C.UTF-8", **HOMES.get(name, {}), **compose_file.environment(service)}
    return [
        *(str(loader), "--library-path", str(loader.parent), str(root / "usr/bin/bwrap")),
        *("--unshare-all", "--uid", uid, "--gid", gid, "--hostname", name, "--die-with-parent", "--tmpfs", "/"),
        *("--ro-bind", str(root / "usr"), "/usr", "--dev", "/dev", "--proc", "/proc", "--dir", "/run"),
        *(word for link in ("bin", "lib", "lib64", "sbin") for word in ("--symlink", f"usr/{link}", f"/{link}")),
        *("--ro-bind", str(folder / "passwd"), "/etc/passwd", "--ro-bind", str(folder / "hosts"), "/etc/hosts"),
        *(word for target in temporary for word in ("--tmpfs", target)),
        *("--symlink", "/run", "/var/run", *binds, "--remount-ro", "/", "--clearenv"),
        *(word for variable, value in variables.items() for word in ("--setenv", variable, value)),
        *("sh", "-c", script, "sh", *(str(word) for word in service.get("command", []))),
    ]  # fmt: skip


def _with_debians_plugin(source: Path, root: Path, folder: Path) -> Path:
    [plugin] = root.glob("usr/lib/*/mosquitto_dynamic_security.so")
    text = source.read_text()
    assert IMAGES["eclipse-mosquitto"]["plugin"] in text
    (folder / "own.conf").write_text(
        text.replace(IMAGES["eclipse-mosquitto"]["plugin"], f"/{plugin.relative_to(root)}")
    )
    return folder / "own.conf"


@contextmanager
def running(
    name: str, script: str, made: Path, folder: Path
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """The server, and what it says."""
    log = folder / f"{name}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command(name, script, made, folder),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("name", "script", "says"), SERVERS, ids=[name for name, *_ in SERVERS])
def test_server_starts_as_compose_has_it(
    name: str, script: str, says: str, made: Path, tmp_path: Path
) -> None:
    """It is ready, and complains of nothing."""
    script = script.replace("{bridge}", (made / "bridge-0/streaming_mqtt_password").read_text())
    with running(name, script, made, tmp_path) as (process, log):
        deadline = time.monotonic() + 60
        while not re.search(says, log.read_text(errors="replace")):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.1)
    said = log.read_text(errors="replace")
    assert not re.search(
        r"(?i)\berror\b|fatal|unknown|permission denied|read-only file system|no such file", said
    ), said


def test_mosquitto_without_its_users_does_not_start(made: Path, tmp_path: Path) -> None:
    """So the test above can fail: `accounts` comes first because it must."""
    (tmp_path / "mosquitto").mkdir()
    script = "exec mosquitto -c /mosquitto/config/mosquitto.conf"
    with running("mosquitto", script, tmp_path, tmp_path) as (process, log):
        assert process.wait(30) != 0, log.read_text()
