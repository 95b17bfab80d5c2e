"""Finds what the chain sustains, and what a message costs there."""

import time
from collections.abc import Callable

from bench.pipeline import PROCESSES, Chain, Reading
from bench.report import Case
from stack.observe import quantile

Say = Callable[[str], None]

_STEP = 1.25
_WARM_UP_S = 2.0
# a backlog of this many seconds at the end of a step means that the rate is not sustained
_BACKLOG_S = 1.0


def case(chain: Chain, samples_per_message: int, first_rate: float, seconds: float, say: Say) -> Case:
    """Raise the rate until it is not sustained any more; then latency at a third of the last good one."""
    found = Case(samples_per_message)
    rate = first_rate
    while True:
        say(f"{samples_per_message:,} samples a message: {rate:,.0f} messages/s")
        limited = _step(chain, found, rate, seconds)
        if limited:
            if found.messages_per_s:
                found.limited_by = limited
                break
            rate /= 2  # the first guess was too high
            if rate < 10:
                found.limited_by = limited
                return found
            continue
        rate *= _STEP
    _latency(chain, found, seconds, say)
    return found


def _step(chain: Chain, found: Case, rate: float, seconds: float) -> str:
    """One rate; what kept it from being sustained, or nothing, and then `found` is updated."""
    with chain.load(rate, found.samples_per_message) as fleet:
        began = chain.read(fleet)
        time.sleep(_WARM_UP_S)
        before = chain.read(fleet)
        time.sleep(seconds)
        after = chain.read(fleet)
        fleet.stop(60)
        report = after
    made = (after.made - before.made) / (after.at_s - before.at_s)
    written = (after.written - before.written) / (after.at_s - before.at_s)
    backlog = (after.made - began.made) - (after.written - began.written)
    lost = chain.settle(began, report.made - began.made)
    found.lost += round(lost)
    if made < 0.97 * rate:
        return f"the load generator makes {made:,.0f} of {rate:,.0f} messages/s"
    if backlog > _BACKLOG_S * rate or written < 0.95 * rate:
        return f"{written:,.0f} of {rate:,.0f} messages/s are written, {backlog:,.0f} wait"
    if written > found.messages_per_s:
        found.messages_per_s = written
        found.cpu_us_per_message = _costs(before, after)
        found.resident_mb = {name: after.usage[name].resident_bytes / 1e6 for name in PROCESSES}
    return ""


def _costs(before: Reading, after: Reading) -> dict[str, float]:
    messages = after.written - before.written
    return {name: (after.usage[name].cpu_s - before.usage[name].cpu_s) / messages * 1e6 for name in PROCESSES}


def _latency(chain: Chain, found: Case, seconds: float, say: Say) -> None:
    found.latency_rate = found.messages_per_s / 3
    say(f"{found.samples_per_message:,} samples a message: latency at {found.latency_rate:,.0f} messages/s")
    with chain.load(found.latency_rate, found.samples_per_message) as fleet:
        began = chain.read(fleet)
        time.sleep(_WARM_UP_S)
        before = chain.read(fleet)
        time.sleep(seconds)
        after = chain.read(fleet)
        fleet.stop(60)
    now = after.ingest.buckets("ingest_latency_seconds")
    then = before.ingest.buckets("ingest_latency_seconds")
    found.latency_p50_s = quantile(0.5, now, then)
    found.latency_p99_s = quantile(0.99, now, then)
    found.lost += round(chain.settle(began, after.made - began.made))
