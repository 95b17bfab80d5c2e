"""Binary messages, byte by byte, as docs and pages know them."""

import struct

import numpy as np

from web import frames
from web.decimation import Bins, Grid

START_NS = 1_700_000_000 * 10**9
MS = 10**6


def bins(times_ms: list[int], low: list[float], period_ms: int = 0) -> Bins:
    return Bins(
        np.array(times_ms, np.int64) * MS + START_NS,
        np.full(len(times_ms), period_ms * MS, np.int64),
        np.array(low, np.float32),
        np.array(low, np.float32) + (0 if period_ms else 1),
    )


def test_waveform_is_a_header_of_32_bytes_and_pairs() -> None:
    """Little endian; the number of the watch is the viewer's."""
    [frame] = frames.waveform(2, bins([0, 10], [1.0, 3.0]), 10 * MS)
    assert frame.numbered(9) == struct.pack(
        "<BBHIddII4f", 1, 2, 0, 2, 1_700_000_000.0, 0.01, 9, 0, 1.0, 2.0, 3.0, 4.0
    )
    assert frame.numbered(9) is frame.numbered(9)
    assert frame.numbered(10)[24:28] == struct.pack("<I", 10)


def test_waveform_where_a_bin_is_empty_has_nan_and_far_away_another_frame() -> None:
    """An hour of nothing is no hour of NaN."""
    near, far = frames.waveform(0, bins([0, 20, 3_600_000], [1.0, 2.0, 3.0]), 10 * MS, everything=True)
    assert near.numbered(1)[:8] == struct.pack("<BBHI", 1, 0, 1, 3)
    assert np.isnan(np.frombuffer(near.numbered(1), "<f4", offset=32)).tolist() == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
    assert far.numbered(1)[:8] == struct.pack("<BBHI", 1, 0, 0, 1)


def test_waveform_of_single_samples_has_their_times_and_says_where_some_are_missing() -> None:
    """Also between this frame and the one before."""
    given = bins([0, 100, 300], [1.0, 2.0, 3.0], period_ms=100)
    [frame] = frames.waveform(1, given, 10 * MS, bins([-300], [0.0], period_ms=100))
    message = frame.numbered(1)
    assert message[:8] == struct.pack("<BBHI", 1, 1, 2, 5)
    values = np.frombuffer(message, "<f4", offset=32).reshape(5, 2)
    assert np.allclose(values[:, 0], [-0.05, 0.0, 0.1, 0.25, 0.3])
    assert np.isnan(values[:, 1]).tolist() == [True, False, False, True, False]
    [follows] = frames.waveform(1, given.part(0, 2), 10 * MS, bins([-100], [0.0], period_ms=100))
    assert len(follows.numbered(1)) == 32 + 2 * 8


def test_waveform_that_changes_from_bins_to_samples_is_two_frames() -> None:
    """One frame is of one kind; nothing is said to be missing between them."""
    first, second = bins([0, 10], [1.0, 2.0]), bins([25, 125], [3.0, 4.0], period_ms=100)
    both = Bins(*(np.concatenate(pair) for pair in zip(first.columns(), second.columns(), strict=True)))
    kinds = [frame.numbered(1)[2] for frame in frames.waveform(0, both, 10 * MS, everything=True)]
    assert kinds == [frames.EVERYTHING, frames.POINTS]


def test_waveform_of_nothing_is_no_frame_unless_nothing_is_what_there_is() -> None:
    """A page that begins to watch a silent sensor has to empty its picture."""
    nothing = bins([], [])
    assert frames.waveform(0, nothing, 10 * MS) == []
    [frame] = frames.waveform(3, nothing, 10 * MS, everything=True)
    assert frame.numbered(1) == struct.pack("<BBHIddII", 1, 3, 1, 0, 0.0, 0.01, 1, 0)


def test_spectrum_is_a_header_and_amplitudes() -> None:
    """Start and step in Hz."""
    frame = frames.spectrum(2, 0.5, 1.25, np.array([1.0, 2.0], np.float32))
    assert frame.numbered(4) == struct.pack("<BBHIddII2f", 2, 2, 0, 2, 0.5, 1.25, 4, 0, 1.0, 2.0)


def test_times_of_samples_are_right_to_the_microsecond_over_an_hour() -> None:
    """float32 seconds after a frame's start, float64 for that."""
    samples = np.arange(3600, dtype=np.float32)
    [frame] = frames.waveform(0, Grid(START_NS + 123_456_789, 1.0, 3600, 10 * MS).bins(samples), 10 * MS)
    _, _, _, count, start, _, _, _ = frames.HEADER.unpack_from(frame.numbered(1))
    after = np.frombuffer(frame.numbered(1), "<f4", offset=32).reshape(count, 2)[:, 0]
    assert np.abs(start + after.astype(float) - (1_700_000_000.123456789 + np.arange(3600))).max() < 1e-6
