"""Quantiles of histograms between two scrapes."""

import math

import pytest

from stack.observe import Metrics, quantile


def test_quantile_within_bucket_is_linear() -> None:
    """As Prometheus computes it: linear between a bucket's bounds."""
    assert quantile(0.5, {0.1: 0, 0.2: 10, math.inf: 10}) == pytest.approx(0.15)


def test_quantile_between_scrapes_ignores_what_was_before() -> None:
    """Only what was counted since the earlier scrape matters."""
    before = {0.1: 100.0, 1.0: 100.0, math.inf: 100.0}
    now = {0.1: 100.0, 1.0: 104.0, math.inf: 104.0}
    assert quantile(0.5, now, before) == pytest.approx(0.55)


def test_quantile_beyond_last_bound_is_that_bound() -> None:
    """A histogram cannot say more than its last finite bound."""
    assert quantile(0.99, {0.1: 0, math.inf: 5}) == pytest.approx(0.1)


@pytest.mark.parametrize("buckets", [{}, {0.1: 0.0, math.inf: 0.0}])
def test_quantile_nothing_counted_is_none(buckets: dict[float, float]) -> None:
    """No measurement is not a latency of zero."""
    assert quantile(0.5, buckets) is None


def test_total_missing_metric_is_zero() -> None:
    """A counter that has not appeared yet has counted nothing."""
    assert Metrics().total("bridge_messages_total", kind="measurements") == 0
