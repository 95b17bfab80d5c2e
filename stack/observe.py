"""What the live view and the benchmark know of the running services: their metrics, and the database."""

import math
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


class Metrics:
    """One scrape of a service's /metrics."""

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        self._samples = list(samples)

    def total(self, name: str, **labels: str) -> float:
        """The sum over every sample of this name that carries these labels; 0 where there is none."""
        return sum(s.value for s in self._samples if s.name == name and labels.items() <= s.labels.items())

    def buckets(self, histogram: str, **labels: str) -> dict[float, float]:
        """Upper bound (seconds) → cumulated count, summed over the other labels."""
        found: dict[float, float] = {}
        for sample in self._samples:
            if sample.name == f"{histogram}_bucket" and labels.items() <= sample.labels.items():
                bound = float(sample.labels["le"])
                found[bound] = found.get(bound, 0.0) + sample.value
        return found


def scrape(address: str) -> Metrics:
    """The metrics served at host:port. OSError where nothing answers."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:  # loopback
        text = answer.read().decode()
    return Metrics(s for family in text_string_to_metric_families(text) for s in family.samples)


def readiness(address: str) -> str:
    """ "ready", what the service waits for, or that it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as answer:  # loopback
            text: str = answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            text = error.read().decode()
    except OSError:
        return "does not answer"
    return text.strip()


def quantile(
    q: float, now: Mapping[float, float], before: Mapping[float, float] | None = None
) -> float | None:
    """The q-quantile (0 … 1) of what a histogram counted between two scrapes, in its unit.

    Linear within a bucket, as Prometheus' histogram_quantile does it. None where nothing was counted;
    the last finite bound where the quantile lies beyond it.
    """
    counts = {bound: count - (before or {}).get(bound, 0.0) for bound, count in sorted(now.items())}
    if not counts or counts[max(counts)] <= 0:
        return None
    rank = q * counts[max(counts)]
    lower = below = 0.0
    for bound, count in counts.items():
        if count >= rank:
            if math.isinf(bound):
                return lower
            return lower + (bound - lower) * ((rank - below) / (count - below) if count > below else 1.0)
        lower, below = bound, count
    return lower
