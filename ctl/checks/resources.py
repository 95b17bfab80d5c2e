"""RabbitMQ's alarms of its own, memory, disk and clock, by its Prometheus endpoint: AMQP tells none of them."""

import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime

from ctl.checks.finding import Say, Teller
from ctl.durations import show_duration
from ctl.settings import CtlSettings

_MOST_BYTES = 20_000_000
_CLOCK_S = 3.0  # HTTP's clock has seconds
_DISK = "rabbitmq_disk_space_available_bytes"
_DISK_LIMIT = "rabbitmq_disk_space_available_limit_bytes"
_MEMORY = "rabbitmq_process_resident_memory_bytes"
_MEMORY_LIMIT = "rabbitmq_resident_memory_limit_bytes"
_WANTED = (_DISK, _DISK_LIMIT, _MEMORY, _MEMORY_LIMIT)
_ALARMS = {
    "rabbitmq_alarms_memory_used_watermark": "memory",
    "rabbitmq_alarms_free_disk_space_watermark": "disk",
    "rabbitmq_alarms_file_descriptor_limit": "file descriptors",
}


def check(settings: CtlSettings, say: Say) -> None:
    """See above."""
    tell = Teller("rabbitmq", say)
    url = settings.rabbitmq_metrics_url
    if not url:
        tell.warning(
            "resources",
            "memory, disk and clock are not known, for nobody says where RabbitMQ's metrics are",
            "set STREAMING_RABBITMQ_METRICS_URL, e.g. http://rabbitmq:15692/metrics",
        )
        return
    if not url.startswith(("http://", "https://")):
        tell.problem(
            "resources", f"{url!r} is no address", "STREAMING_RABBITMQ_METRICS_URL begins with http://"
        )
        return
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # http or https, as checked
            date = answer.headers.get("Date")
            text = answer.read(_MOST_BYTES).decode(errors="replace")
            here = time.time()
    except (OSError, ValueError) as error:
        tell.problem(
            "resources",
            f"its metrics at {url} cannot be read: {error}",
            "is the plugin rabbitmq_prometheus enabled, and STREAMING_RABBITMQ_METRICS_URL right?",
        )
        return
    _judge(tell, parse(text))
    if date is not None:
        apart = parsedate_to_datetime(date).timestamp() - here
        if abs(apart) > _CLOCK_S:
            tell.problem(
                "clock",
                f"RabbitMQ's clock is {show_duration(abs(apart))} {'ahead of' if apart > 0 else 'behind'} this machine's",
                "let NTP set both: commands would expire too early or too late",
            )
        else:
            tell.ok("clock", "RabbitMQ's clock agrees with this machine's, to the second")


def parse(text: str) -> dict[str, float]:
    """Name → sum over its labels, of the metrics that are wanted."""
    values: dict[str, float] = {}
    for line in text.splitlines():
        name = line.partition(" ")[0].partition("{")[0]
        if name in _WANTED or name in _ALARMS:
            values[name] = values.get(name, 0.0) + float(line.rpartition(" ")[2])
    return values


def _judge(tell: Teller, values: dict[str, float]) -> None:
    if any(name not in values for name in _WANTED):
        tell.warning(
            "resources", "its metrics tell neither memory nor disk", "is this RabbitMQ's own endpoint?"
        )
        return
    raised = [what for name, what in _ALARMS.items() if values.get(name)]
    if raised:
        tell.problem(
            "alarms",
            f"it has raised an alarm of its own, of {' and '.join(raised)}: it takes nothing from anybody",
            "see what follows; docs/runbooks/RabbitmqAlarm.md has what helps",
        )
    elif _ALARMS.keys() <= values.keys():
        tell.ok("alarms", "none of its own is raised")
    memory, most = values[_MEMORY], values[_MEMORY_LIMIT]
    used = f"{memory / 1e6:,.0f} MB of memory, of {most / 1e6:,.0f} MB"
    if memory >= most:
        tell.problem(
            "memory", f"{used}: it blocks whoever publishes", "are its readers running? Give it more memory"
        )
    elif memory > 0.8 * most:
        tell.warning("memory", used, "at its bound it blocks whoever publishes: give it more memory")
    else:
        tell.ok("memory", used)
    free, least = values[_DISK], values[_DISK_LIMIT]
    room = f"{free / 1e9:,.1f} GB of disk are free; at {least / 1e9:,.1f} GB it blocks whoever publishes"
    if free <= least:
        tell.problem("disk", room, "make room at once, or shorten the streams' age and size")
    elif free < 3 * least:
        tell.warning("disk", room, "make room, or shorten the streams' age and size")
    else:
        tell.ok("disk", room)
