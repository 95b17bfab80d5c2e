"""Prometheus beside a running stack: Debian's, fetched when it is asked for, on loopback, with prometheus/prometheus.yml.

It is two programs that need a C library and nothing else, so they run through the root's own loader, without bubblewrap.
"""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from stack import cache
from stack.apt import Say
from stack.cache import DOCUMENTATION, Root
from stack.errors import StackError
from stack.local import Stack
from stack.servers import REPOSITORY
from stack.services import Service

ROOT = Root(
    name="prometheus",
    what="Prometheus",
    layout="1",
    packages=("prometheus", "promtool"),
    # for its pages in a browser, which are not served here, and for maintainer scripts
    unused=tuple(
        "adduser base-passwd debconf fonts- gcc- init-system-helpers javascript-common libacl libattr libaudit libbsd "
        "libbz2 libcap libcrypt libdb5 libdebconf libgcc libjs- libmd0 libpam libpcre2 libselinux libsemanage libsepol "
        "libsystemd login passwd".split()
    ),
    excluded=(*DOCUMENTATION, "./etc", "./usr/share", "*/systemd", "*/gconv"),
    unpacked_bytes=190_000_000,
    least_free_bytes=400_000_000,
)
CONFIGURATION = REPOSITORY / "prometheus/prometheus.yml"
JOBS = (
    "bridge",
    "ingest",
    "alarms",
    "web",
    "maintenance",
    "emulator",
    "rabbitmq",
)  # with targets of their own
_LOOK_S = 2.0  # for services that were started meanwhile
_KEPT = (
    "--storage.tsdb.retention.time=30d",
    "--storage.tsdb.retention.size=1GB",
)  # the first of both that is reached

Targets = Mapping[str, Mapping[str, str]]  # job → name of an instance → host:port


def fetch(say: Say) -> Path:
    """The root with both programs, made where it is missing. StackError if impossible."""
    return cache.ensure_root(say, ROOT)


def program(root: Path, name: str) -> list[str]:
    """What to execute for "prometheus" or "promtool"."""
    [loader] = root.glob("usr/lib/*-linux-gnu/ld-linux-*")
    return [str(loader), "--library-path", str(loader.parent), str(root / "usr/bin" / name)]


class Prometheus(Service):
    """One process, and what it has collected in `data`."""

    def __init__(self, root: Path, data: Path, port: int, log: Path, interval_s: int | None = None) -> None:
        """Starts at once, without targets; `interval_s` instead of the configuration's scrape interval."""
        self._targets = data / "targets"
        self._targets.mkdir(parents=True, exist_ok=True)
        configuration = CONFIGURATION.read_text()
        if interval_s is not None:
            configuration = configuration.replace("interval: 10s", f"interval: {interval_s}s")
            configuration = configuration.replace("timeout: 5s", f"timeout: {interval_s}s")
        (data / "prometheus.yml").write_text(configuration)
        alerts = data / "alerts"  # found beside the configuration
        alerts.unlink(missing_ok=True)
        alerts.symlink_to(CONFIGURATION.parent / "alerts")
        arguments = [
            f"--config.file={data / 'prometheus.yml'}",
            f"--storage.tsdb.path={data / 'tsdb'}",
            *_KEPT,
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
        super().__init__("prometheus", arguments, {}, port, log, program(root, "prometheus"))
        self.url = f"http://{self.address}"

    def scrape(self, targets: Targets) -> None:
        """Ask these from now on; jobs that are not named keep theirs."""
        for job, instances in targets.items():
            groups = [
                {"targets": [address], "labels": {"instance": name}} for name, address in instances.items()
            ]
            file, text = self._targets / f"{job}.json", json.dumps(groups, indent=1)
            if not file.exists() or file.read_text() != text:
                partial = file.with_suffix(".partial")
                partial.write_text(text)
                partial.rename(file)  # it is read as soon as it changes

    def state(self) -> str:
        """ "ready", or why not."""
        if not self.running:
            return f"ended with {self.process.returncode}"
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=5):  # loopback
                return "ready"
        except urllib.error.HTTPError as error:
            with error:
                return f"answers {error.code}"
        except OSError:
            return "does not answer"


def check(root: Path, configuration: Path = CONFIGURATION) -> str:
    """What promtool says of a configuration. StackError with it where there is something wrong."""
    done = subprocess.run(
        [*program(root, "promtool"), "check", "config", "--lint=all", "--lint-fatal", str(configuration)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"{configuration}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def run(stack: Stack, port: int | None, say: Say) -> None:
    """Until Ctrl-C, or until that stack stops (its ports must be free for the next): ask RabbitMQ and the services that
    `stack demo` has started, also those that start later. StackError where Prometheus ends by itself.
    """
    assert stack.ports is not None
    owner = stack.supervisor()
    folder, log = stack.data / "prometheus", stack.data / "log/prometheus.log"
    rabbitmq = {"rabbitmq": f"127.0.0.1:{stack.ports.rabbitmq_metrics}"}
    one = Prometheus(fetch(say), folder, port or stack.ports.prometheus, log)
    try:
        one.wait_ready()
        say(f"Prometheus answers at {one.url}, for Grafana's data source; Ctrl-C stops it")
        while one.running:
            if stack.supervisor() != owner:
                return say("the stack has stopped, and Prometheus with it; what it has collected is kept")
            one.scrape({**running_services(log.parent), "rabbitmq": rabbitmq})
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        return None
    finally:
        one.stop()
    raise StackError(f"Prometheus has ended: {one.last_words()} (whole log: {log})")


def running_services(logs: Path) -> dict[str, dict[str, str]]:
    """The services that `stack demo` has started: job → name → host:port, by the first line of each one's log."""
    found: dict[str, dict[str, str]] = {job: {} for job in JOBS}
    for log in sorted(logs.glob("*.log")):
        job = log.stem.partition("-")[0]
        with log.open(errors="replace") as file:
            first = file.readline()
        if job in found and first.startswith("{"):
            address = json.loads(first).get("health")
            if address:
                found[job][log.stem] = str(address)
    return found
