"""Waiting between attempts, and counting many observations at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from runtime.backoff import Backoff
from runtime.counting import from_zero
from runtime.histogram import ManyHistogram

BOUNDS = (0.01, 0.1, 1.0)


def test_backoff_doubles_with_jitter_up_to_its_maximum() -> None:
    """Never less than half of the ceiling, never more than it."""
    backoff = Backoff(initial_s=0.1, maximum_s=2.0)
    waits = [backoff.next() for _ in range(100)]
    for wait, ceiling in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.6] + [2.0] * 95, strict=True):
        assert ceiling / 2 <= wait <= ceiling
    assert len(set(waits)) > 90  # many that failed together do not come back together
    backoff.reset()
    assert backoff.next() <= 0.1


@given(st.lists(st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.5, 1.0, 7.0, -1.0]), max_size=50))
def test_histogram_of_many_is_that_of_each(values: list[float]) -> None:
    """The same samples as prometheus_client's own histogram."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    many = ManyHistogram("latency_seconds", "Latency.", BOUNDS)
    ours.register(many)
    one = Histogram("latency_seconds", "Latency.", buckets=BOUNDS, registry=theirs)
    many.observe(np.array(values))
    for value in values:
        one.observe(value)

    def samples(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
        return {
            (sample.name, sample.labels.get("le", "")): sample.value
            for metric in registry.collect()
            for sample in metric.samples
            if not sample.name.endswith("_created")
        }

    assert samples(ours) == pytest.approx(samples(theirs))


def test_counter_from_zero_has_a_series_for_each_value_before_it_counts() -> None:
    """Else Prometheus would not see its first count as an increase."""
    registry = CollectorRegistry()
    counter = from_zero(Counter("letters_total", "Letters.", ["reason"], registry=registry), ("a", "b"))
    counter.labels("b").inc()
    found = {reason: registry.get_sample_value("letters_total", {"reason": reason}) for reason in "abc"}
    assert found == {"a": 0.0, "b": 1.0, "c": None}
