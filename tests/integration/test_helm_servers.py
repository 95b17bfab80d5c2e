"""Mosquitto and RabbitMQ start as the chart has it: its files, users and mounts, on a root that cannot be written, without
a network to the outside.

Debian's builds of them, not the images': what is tested is the configuration, and that nothing else is written to.
"""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import trustme

from stack import cache
from stack.ports import listening
from stack.servers import REPOSITORY
from tests.integration.helm_pods import Cluster
from tests.unit.helm_chart import NAME, rendered

PATH = "/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin"  # where Debian has what the images have elsewhere
PLUGIN = "/usr/lib/mosquitto_dynamic_security.so"  # the image's
# (a client that leaves without a word is OpenSSL's "unexpected eof", an error of nobody here)
WRONG = (
    r"(?i)\berror\b(?!.*unexpected eof)|fatal|unknown|permission denied|read-only file system|no such file"
)
PROGRAMS = {
    "mosquitto": "exec mosquitto -c /mosquitto/config/mosquitto.conf",
    "rabbitmq": "exec rabbitmq-server",
}
HOMES = {"rabbitmq": {"HOME": "/var/lib/rabbitmq"}}


def started_first(cluster: Cluster, server: str) -> None:
    """The pod's init container, which makes the accounts."""
    pod = cluster.pod(server)
    done = subprocess.run(
        [sys.executable, *cluster.arguments(pod, cluster.container(pod, "accounts"))],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def command(cluster: Cluster, server: str) -> list[str]:
    """bubblewrap in the kubelet's place: a root of Debian's packages, and what the container mounts."""
    pod = cluster.pod(server)
    container = cluster.container(pod, server)
    root = cache.ensure_root(print)
    [loader] = root.glob("usr/lib/*-linux-gnu/ld-linux-*")
    security = pod.spec["securityContext"]
    uid, gid = str(security["runAsUser"]), str(security["runAsGroup"])
    (cluster.folder / "passwd").write_text(f"{server}:x:{uid}:{gid}::/:/bin/sh\n")
    (cluster.folder / "hosts").write_text(f"127.0.0.1 localhost {server}-0\n")
    binds: list[str] = []
    for mount in cluster.mounts(pod, container):
        if mount.target == "/mosquitto/config":
            [plugin] = root.glob("usr/lib/*/mosquitto_dynamic_security.so")
            file = mount.source / "mosquitto.conf"
            assert PLUGIN in file.read_text()
            file.write_text(file.read_text().replace(PLUGIN, f"/{plugin.relative_to(root)}"))
        binds += ["--ro-bind" if mount.read_only else "--bind", str(mount.source), mount.target]
    told = {one["name"]: one["value"] for one in container.get("env", ())}
    variables = {"PATH": PATH, "LANG": "C.UTF-8", **HOMES.get(server, {}), **told}
    return [
        *(str(loader), "--library-path", str(loader.parent), str(root / "usr/bin/bwrap")),
        *("--unshare-all", *(["--share-net"] if server == "mosquitto" else []), "--uid", uid, "--gid", gid),
        *("--hostname", f"{server}-0", "--die-with-parent", "--tmpfs", "/"),
        *("--ro-bind", str(root / "usr"), "/usr", "--dev", "/dev", "--proc", "/proc", "--dir", "/run"),
        *(word for link in ("bin", "lib", "lib64", "sbin") for word in ("--symlink", f"usr/{link}", f"/{link}")),
        *("--ro-bind", str(cluster.folder / "passwd"), "/etc/passwd"),
        *("--ro-bind", str(cluster.folder / "hosts"), "/etc/hosts"),
        *("--symlink", "/run", "/var/run", *binds, "--remount-ro", "/", "--clearenv"),
        *(word for variable, value in variables.items() for word in ("--setenv", variable, value)),
        *("sh", "-c", PROGRAMS[server]),
    ]  # fmt: skip


@contextmanager
def running(arguments: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The server; what it says is in `log`."""
    with log.open("wb") as file:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def eventually(condition: Callable[[], object], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """An AssertionError with what it has said where it ends, or takes too long."""
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.1)


def without_complaint(condition: Callable[[], object], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """The same, and where it complains."""
    eventually(condition, process, log)
    said = log.read_text(errors="replace")
    assert not re.search(WRONG, said), said


def test_rabbitmq_starts_as_the_chart_has_it(tmp_path: Path) -> None:
    """It is ready, with its plugins, and complains of nothing."""
    cluster = Cluster(rendered("defaults"), tmp_path)
    started_first(cluster, "rabbitmq")
    log = tmp_path / "log"
    with running(command(cluster, "rabbitmq"), log) as process:
        without_complaint(lambda: re.search(r"completed with \d+ plugins", log.read_text()), process, log)


class Broker(NamedTuple):
    """Mosquitto while it listens; the ports of this machine that stand for those of its configuration."""

    process: "subprocess.Popen[bytes]"
    ports: list[int]

    def hang_up(self) -> None:
        """The signal that the container beside it sends, to it alone within its namespace."""
        pid = self.process.pid
        while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            pid = int(children[0])
        os.kill(pid, signal.SIGHUP)


@contextmanager
def mosquitto(cluster: Cluster, *listeners: int) -> Iterator[Broker]:
    """Started, and ended, as the pod would be."""
    started_first(cluster, "mosquitto")
    arguments = command(cluster, "mosquitto")
    file = cluster.folder / "mosquitto/configuration/mosquitto.conf"
    text = file.read_text()
    assert re.findall(r"^listener (\d+)$", text, re.MULTILINE) == [str(one) for one in listeners]
    here = [free_port() for _ in listeners]
    for listener, port in zip(listeners, here, strict=True):
        text = text.replace(f"listener {listener}\n", f"listener {port} 127.0.0.1\n")
    file.write_text(text)
    log = cluster.folder / "log"
    with running(arguments, log) as process:
        without_complaint(lambda: all(listening(port) for port in here), process, log)
        yield Broker(process, here)
        assert process.poll() is None


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_mosquitto_starts_as_the_chart_has_it(tmp_path: Path) -> None:
    """It listens, complains of nothing, and lets nobody in who is not known."""
    with (
        mosquitto(Cluster(rendered("defaults"), tmp_path), 1883) as broker,
        socket.create_connection(("127.0.0.1", broker.ports[0]), timeout=10) as connection,
    ):
        # CONNECT of MQTT 5, without a user name
        connection.sendall(bytes.fromhex("100f00044d51545405020000000002") + b"xx")
        answer = connection.recv(16)
    assert answer[0] == 0x20  # CONNACK
    assert answer[3] >= 0x80  # with a reason that is a refusal


def renewed(cluster: Cluster) -> ssl.SSLContext:
    """Puts a certificate of a new authority into its Secret; who trusts that authority alone."""
    authority = trustme.CA()
    certificate = authority.issue_cert("mqtt.example.org")
    cluster.secrets["mqtt"] = {
        "tls.crt": b"".join(one.bytes() for one in certificate.cert_chain_pems).decode(),
        "tls.key": certificate.private_key_pem.bytes().decode(),
    }
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@contextmanager
def encrypted(port: int, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """A connection as a sensor's."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="mqtt.example.org") as connection,
    ):
        yield connection


def shown(port: int, context: ssl.SSLContext) -> bool:
    """Whether the certificate there is one that is trusted."""
    try:
        with encrypted(port, context):
            return True
    except ssl.SSLCertVerificationError:
        return False


def logged_in(connection: ssl.SSLSocket, user: str, password: str) -> bool:
    """By CONNECT of MQTT 3.1.1."""
    texts = b"".join(len(one).to_bytes(2) + one.encode() for one in ("sensor", user, password))
    rest = b"\x00\x04MQTT\x04\xc2\x00\x3c" + texts
    connection.sendall(bytes([0x10, len(rest)]) + rest)
    return connection.recv(4) == b"\x20\x02\x00\x00"


def test_mosquitto_shows_sensors_its_certificate_and_a_renewed_one_at_a_signal(tmp_path: Path) -> None:
    """With the values that have TLS: at port 8883, as the Secret's files are mounted. Who is connected stays so."""
    cluster = Cluster(rendered("most"), tmp_path)
    first = renewed(cluster)
    with mosquitto(cluster, 1883, 8883) as broker, encrypted(broker.ports[1], first) as connection:
        assert connection.version() in ("TLSv1.2", "TLSv1.3")
        assert logged_in(connection, "control", cluster.secrets[f"{NAME}-accounts"]["mqtt-control"])
        second = renewed(cluster)
        pod = cluster.pod("mosquitto")
        cluster.mounts(pod, cluster.container(pod, "renewal"))  # as the kubelet brings them
        assert not shown(broker.ports[1], second)
        broker.hang_up()
        eventually(lambda: shown(broker.ports[1], second), broker.process, tmp_path / "log")
        connection.sendall(b"\xc0\x00")  # PINGREQ
        assert connection.recv(2) == b"\xd0\x00"
