"""`python -m stack` as somebody uses it: up, status, down, and what is left when it is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stack import ports
from stack.local import Stack
from tests.integration.pipeline import wait_for


def run(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stack", "--data", str(data), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


def processes_of(data: Path) -> list[str]:
    """Command lines of the processes that have this data folder open or named, supervisor and servers."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(data) in command:
                found.append(command)
    return found


def listeners(base_port: int) -> list[int]:
    return [port for port in range(base_port, base_port + ports.BLOCK) if ports.listening(port)]


def control_role(data: Path) -> set[tuple[object, ...]]:
    roles = json.loads((data / "mosquitto/dynamic-security.json").read_text())["roles"]
    [acls] = [role["acls"] for role in roles if role["rolename"] == "control"]
    return {tuple(one[key] for key in ("acltype", "topic", "allow", "priority")) for one in acls}


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever runs on it is stopped afterwards."""
    folder = tmp_path / "data"
    yield folder
    if folder.exists():
        run(folder, "down")


def test_stack_second_start_is_quick_and_keeps_everything(data: Path) -> None:
    """Ports, passwords, sensors and rows are the same after `down` and `up`, within 15 s; what roles may is this
    version's."""
    first = run(data, "up")
    assert first.returncode == 0, first.stderr
    made = json.loads(run(data, "credentials", "pump-1", "--json").stdout)
    before = json.loads(run(data, "status", "--json").stdout)
    row = "INSERT INTO sensor (serial_number) VALUES ('kept')"
    assert run(data, "exec", "postgres", "psql", "-c", row).returncode == 0
    assert run(data, "down").returncode == 0
    assert listeners(before["servers"]["mosquitto"]["ports"]["mqtt"]) == []
    assert processes_of(data) == []
    users = data / "mosquitto/dynamic-security.json"
    role = control_role(data)
    users.write_text(users.read_text().replace("$share/#", "$less/#"))  # as another version made it

    began = time.monotonic()
    assert run(data, "up").returncode == 0
    assert time.monotonic() - began < 15
    after = json.loads(run(data, "status", "--json").stdout)
    assert after["ready"]
    assert after["servers"] == before["servers"]
    assert control_role(data) == role
    assert json.loads(run(data, "credentials", "pump-1", "--json").stdout) == made
    kept = run(data, "exec", "postgres", "psql", "-tAc", "SELECT serial_number FROM sensor")
    assert kept.stdout.split() == ["kept"]


def test_stack_up_twice_is_one_stack(data: Path) -> None:
    """The second `up` says so, succeeds, and leaves the servers alone."""
    run(data, "up")
    before = json.loads(run(data, "status", "--json").stdout)
    again = run(data, "up")
    assert again.returncode == 0
    assert "already running" in again.stderr
    assert json.loads(run(data, "status", "--json").stdout) == before


def test_stack_killed_supervisor_leaves_nothing_behind(data: Path) -> None:
    """kill -9 takes every server along within seconds; the next start repairs what the power cut left."""
    run(data, "up")
    before = json.loads(run(data, "status", "--json").stdout)
    assert len(listeners(before["servers"]["mosquitto"]["ports"]["mqtt"])) >= 5
    os.kill(before["supervisor"], signal.SIGKILL)
    wait_for(lambda: not processes_of(data), 5, "no process of the stack is left")
    wait_for(
        lambda: not listeners(before["servers"]["mosquitto"]["ports"]["mqtt"]), 5, "no port is listened on"
    )
    status = run(data, "status")
    assert status.returncode == 1
    assert "no stack runs" in status.stderr
    again = run(data, "up")
    assert again.returncode == 0, again.stderr


def test_stack_interrupted_start_leaves_nothing_behind(data: Path) -> None:
    """Ctrl-C while it starts stops what has started already."""
    starting = subprocess.Popen(
        [sys.executable, "-m", "stack", "--data", str(data), "up"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(
        lambda: any("rabbitmq-server" in command for command in processes_of(data)), 30, "RabbitMQ starting"
    )
    os.killpg(starting.pid, signal.SIGINT)
    _, said = starting.communicate(timeout=60)
    assert starting.returncode == 130
    assert said.splitlines()[-1] == "stack: interrupted"
    assert "Traceback" not in said
    wait_for(lambda: not processes_of(data), 5, "no process of the stack is left")


def test_stack_taken_port_is_one_sentence(data: Path) -> None:
    """The port is named, the exit code is 1, there is no traceback, and nothing was started."""
    with socket.socket() as other:
        base = ports.choose(None, None).base
        other.bind(("127.0.0.1", base + 3))
        other.listen()
        refused = run(data, "up", "--base-port", str(base))
    assert refused.returncode == 1
    [sentence] = refused.stderr.strip().splitlines()
    assert f"port {base + 3} is taken" in sentence
    assert "--base-port" in sentence
    assert processes_of(data) == []


def test_stack_without_network_says_what_to_do(data: Path, tmp_path: Path) -> None:
    """With an empty cache and no way to the mirror: one sentence, exit code 1, nothing half made."""
    tried = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-m", "stack", "fetch"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )
    assert tried.returncode == 1
    sentence = tried.stderr.strip().splitlines()[-1]
    assert "is there a network?" in sentence
    assert not list((tmp_path / "cache").glob("**/root-*"))


def test_stack_without_user_namespaces_says_what_to_do(data: Path) -> None:
    """Where bubblewrap may not work, the sentence names the setting; no server is left running."""
    without = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    tried = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "sh", "-c", without, "sh"),
            *(sys.executable, "-m", "stack", "--data", str(data), "up"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert tried.returncode == 1
    assert "Traceback" not in tried.stderr
    assert "user namespaces" in tried.stderr.strip().splitlines()[-1]
    assert processes_of(data) == []


def test_stack_missing_tools_are_named(data: Path, tmp_path: Path) -> None:
    """On a machine that is no Debian, the sentence says what is needed."""
    (tmp_path / "bin").mkdir()
    tried = run(data, "fetch", PATH=str(tmp_path / "bin"), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert tried.returncode == 1
    assert "apt-get is missing" in tried.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("command", [["down"], ["status"], ["env"], ["credentials", "pump-1"], ["logs"]])
def test_stack_commands_without_a_stack_say_so(data: Path, command: list[str]) -> None:
    """No traceback from any command where nothing runs; `down` is content."""
    said = run(data, *command)
    assert said.returncode == (0 if command == ["down"] else 1)
    assert "Traceback" not in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1


def test_stack_environment_is_enough_for_a_service(stack: Stack) -> None:
    """`env ROLE` names every address and a password that works, with the least rights."""
    said = run(stack.data, "env", "ingest")
    exported = dict(line.removeprefix("export ").split("=", 1) for line in said.stdout.splitlines())
    with psycopg.connect(
        host=exported["STREAMING_DATABASE_HOST"],
        port=exported["STREAMING_DATABASE_PORT"],
        dbname="sensor_streaming",
        user=exported["STREAMING_DATABASE_USERNAME"],
        password=exported["STREAMING_DATABASE_PASSWORD"],
    ) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("streaming_ingest",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (x int)")


def test_stack_servers_listen_on_loopback_only(stack: Stack) -> None:
    """Nothing of the stack can be reached from another machine."""
    assert stack.ports is not None
    mine = {f"{port:04X}" for port in range(stack.ports.base, stack.ports.base + ports.BLOCK)}
    addresses = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, _, state = line.split()[1:4]
            address, port = local.split(":")
            if state == "0A" and port in mine:
                addresses.add(address)
    loopback = {
        "0100007F",
        "00000000000000000000000001000000",
    }  # 127.0.0.1 and ::1, as the kernel writes them
    assert "0100007F" in addresses
    assert addresses <= loopback


def test_stack_server_restarted_by_a_thread_outlives_it(stack: Stack) -> None:
    """Servers die with the process that owns them, not with whichever of its threads has started one."""
    thread = threading.Thread(target=stack.restart, args=["mosquitto"])
    thread.start()
    thread.join()
    process = stack.servers["mosquitto"].process
    assert process is not None
    with pytest.raises(subprocess.TimeoutExpired):  # it would be killed as soon as the thread has ended
        process.outer.wait(0.5)


@pytest.mark.parametrize("server", ["mosquitto", "rabbitmq", "postgres"])
def test_stack_killed_server_comes_back(stack: Stack, server: str) -> None:
    """A server killed as by a power cut starts again on its data; the others do not notice."""
    others = {name: one.process for name, one in stack.servers.items() if name != server}
    stack.kill(server)
    assert not stack.servers[server].running
    assert not stack.status()["ready"]
    stack.restart(server)
    assert stack.status()["ready"]
    assert {name: one.process for name, one in stack.servers.items() if name != server} == others


@pytest.mark.parametrize("role", ["bridge", "bridge-9", "typo", ""])
def test_stack_env_of_an_unknown_role_is_a_sentence(stack: Stack, role: str) -> None:
    """It names those that there are, and above all is not another role's."""
    result = run(stack.data, "env", role)
    assert result.returncode == 1
    assert result.stdout == ""
    assert f"there is no role '{role}'" in result.stderr
    assert "bridge-0, bridge-1" in result.stderr


def test_stack_env_gives_a_role_its_own_accounts_alone(stack: Stack) -> None:
    """A bridge has nothing to do in the database, an ingester nothing at the MQTT broker."""

    def users(role: str) -> dict[str, str]:
        return {n: v for n, v in stack.environment(role).items() if n.endswith(("_USERNAME", "_PASSWORD"))}

    assert users("emulator") == {}
    assert users("bridge-1") == {
        "STREAMING_MQTT_USERNAME": "bridge-1",
        "STREAMING_MQTT_PASSWORD": stack.passwords["mqtt/bridge-1"],
        "STREAMING_RABBITMQ_USERNAME": "bridge",
        "STREAMING_RABBITMQ_PASSWORD": stack.passwords["rabbitmq/bridge"],
    }
    assert {name for name in users("ingest") if name.endswith("USERNAME")} == {
        "STREAMING_RABBITMQ_USERNAME",
        "STREAMING_DATABASE_USERNAME",
    }
    assert set(users("alarms").values()) == {
        "alarms",
        stack.passwords["rabbitmq/alarms"],
        "streaming_alarms",
        stack.passwords["database/streaming_alarms"],
    }
    assert set(users("owner").values()) == {
        "streaming_owner",
        stack.passwords["database/streaming_owner"],
    }


def test_stack_passwords_are_private(stack: Stack) -> None:
    """Whatever holds a password can be read by its owner alone."""
    stack.credentials(["private-1"])
    for file in stack.data.glob("**/*"):
        if file.suffix == ".json" and file.is_file() and file.name != "state.json":
            assert file.stat().st_mode & 0o077 == 0, file
    secret = stack.passwords["mqtt/bridge-0"]
    for log in (stack.data / "log").glob("*.log"):
        assert secret not in log.read_text(errors="replace")
