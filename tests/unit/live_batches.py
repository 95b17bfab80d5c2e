"""Batches as they come from RabbitMQ, for tests of the live page."""

import numpy as np

from runtime.live import Received
from web.decimation import Values
from wire.codec import Batch, ChannelBatch

START_NS = 1_700_000_000 * 10**9
SESSION = 4711


def received(
    sequence: int,
    samples: Values | None = None,
    *,
    frequency_hz: float = 1000.0,
    channels: int = 1,
    session: int = SESSION,
    start_ns: int | None = None,
    late_s: float = 0.05,
) -> Received:
    """Batch number `sequence`, which follows the one before it; it comes `late_s` after its last sample."""
    values = np.arange(100, dtype=np.float32) + sequence if samples is None else samples
    if start_ns is None:
        start_ns = START_NS + round(sequence * len(values) * 1e9 / frequency_hz)
    parts = tuple(ChannelBatch(channel, (values + channel).tobytes()) for channel in range(channels))
    batch = Batch(session, sequence, start_ns, frequency_hz, len(values), parts)
    return Received(batch, batch.end_time_ns + round(late_s * 1e9))
