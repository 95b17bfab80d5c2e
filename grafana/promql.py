"""What is asked of counters and histograms, as PromQL."""

from typing import Final

SERVICES: Final = "bridge|ingest|alarms|web|maintenance|emulator"  # jobs of prometheus/prometheus.yml
MEASUREMENTS: Final = 'kind="measurements"'


def rate(counter: str, by: str = "", where: str = "") -> str:
    """Per second; summed over everything but the labels in `by`."""
    return f"{_sum(by)} (rate({counter}{_braces(where)}[$__rate_interval]))"


def increase(counter: str, by: str = "", where: str = "", span: str = "$__range") -> str:
    """How often within the span that is shown, or within `span` before each point."""
    return f"{_sum(by)} (increase({counter}{_braces(where)}[{span}]))"


def quantile(q: float, histogram: str, by: str = "", where: str = "") -> str:
    """That part (0 … 1) of what was observed lately is at most so long."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q:g}, {rate(f'{histogram}_bucket', labels, where)})"


def part(these: str, of_those: str) -> str:
    """How many of those are these; nothing where there are none."""
    return f"{these} / ({of_those} > 0)"


def _sum(by: str) -> str:
    return f"sum by ({by})" if by else "sum"


def _braces(where: str) -> str:
    return f"{{{where}}}" if where else ""
