"""Counters that Prometheus knows before they count."""

from collections.abc import Iterable

from prometheus_client import Counter


def from_zero(counter: Counter, values: Iterable[str]) -> Counter:
    """That counter, with a series at 0 for each of these values of its one label.

    A series that first appears as 1 has, for Prometheus, never increased: the first dead letter would not be seen.
    """
    for value in values:
        counter.labels(value)
    return counter
