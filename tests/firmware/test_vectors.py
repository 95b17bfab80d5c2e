"""The firmware's core and the cloud's Python say the same in the same bytes, and judge commands alike."""

import math
import struct
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.firmware.conftest import BUILD, Tools
from wire import limits, sensor_pb2
from wire.codec import Batch, ChannelBatch, Position, decode_measurements, encode_measurements
from wire.commands import check
from wire.errors import WireError
from wire.messages import decode_command
from wire.sensor_pb2 import Command

NOW_NS = 1_800_000_000 * 10**9

uint32 = st.integers(0, 2**32 - 1)
uint64 = st.integers(0, 2**64 - 1)
int32 = st.integers(-(2**31), 2**31 - 1)
int64 = st.integers(-(2**63), 2**63 - 1)
float32 = st.floats(width=32)
frequency = st.sampled_from([0.01, 1.0, 100.0, 4000.0, 26_667.0]) | st.floats(0.001, 1e6)


class Core:
    """The core's answers (firmware/host/vectors.cpp): one process for all of them."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def ask(self, kind: str, *values: bytes) -> bytes:
        """One answer. A core that broke says why on the standard error, which pytest shows."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = kind.encode() + b"".join(values)
        self._process.stdin.write(struct.pack("<I", len(request)) + request)
        self._process.stdin.flush()
        size = self._process.stdout.read(4)
        assert len(size) == 4, "the core ended"
        answer: bytes = self._process.stdout.read(struct.unpack("<I", size)[0])
        return answer


@pytest.fixture(scope="module")
def core(tools: Tools) -> Iterator[Core]:
    """Built with sanitisers: it ends at the first wrong access."""
    tools.make("vectors")
    with subprocess.Popen(
        [BUILD / "vectors/vectors"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Core(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


# Measurements.
@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Any batch that a source of the firmware can make; samples are any bits."""
    count = draw(st.integers(1, 40))
    channels = draw(st.integers(1, limits.MAXIMUM_CHANNELS))
    counts = draw(st.booleans())
    scale, offset = (draw(float32), draw(float32)) if counts else (1.0, 0.0)
    size = count * (2 if counts else 4)
    data = draw(st.randoms(use_true_random=False)).randbytes(channels * size)
    made = (
        ChannelBatch(index, data[index * size : (index + 1) * size], counts, scale, offset)
        for index in range(channels)
    )
    position = st.builds(
        Position, st.floats(-90, 90), st.floats(-180, 180), st.floats(-1e5, 1e6), st.floats(0, 1e6)
    )
    return Batch(
        draw(uint32),
        draw(uint64),
        draw(int64),
        draw(st.floats()),
        count,
        tuple(made),
        draw(st.none() | position),
    )


@settings(max_examples=400, deadline=None)
@given(batches())
def test_batch_is_encoded_as_python_encodes_it(core: Core, batch: Batch) -> None:
    """Byte for byte, whatever the values: counts and floats, with and without a position, zeros left out."""
    payload = encode_measurements(batch)
    assert core.ask("m", payload) == payload


@pytest.mark.parametrize(
    ("channels", "samples", "counts"),
    [(3, 26_667, True), (3, 26_667, False), (1, limits.MAXIMUM_SAMPLES, True), (16, 8000, False)],
)
def test_large_batch_comes_back_as_it_was(core: Core, channels: int, samples: int, counts: bool) -> None:
    """A second of an accelerometer and the longest batches: the codec reads the values that were measured."""
    size = samples * (2 if counts else 4)
    values = np.random.default_rng(1).integers(-32768, 32768, channels * samples)
    data = values.astype("<i2" if counts else "<f4").tobytes()
    made = tuple(
        ChannelBatch(
            index, data[index * size : (index + 1) * size], counts, 1 / 2048 if counts else 1.0, 0.25 * counts
        )
        for index in range(channels)
    )
    batch = Batch(7, 0, NOW_NS - 10**9, 26_667.0, samples, made, Position(49.0000001, -8.4000001, -1.5, 0.0))
    answer = core.ask("m", encode_measurements(batch))
    assert decode_measurements(answer, NOW_NS) == batch


# The other messages.
def text(size: int) -> st.SearchStrategy[str]:
    """Texts that a field of so many bytes holds, the last for a NUL; none has a NUL in it."""
    characters = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")
    return st.text(characters, max_size=size - 1).filter(lambda text: len(text.encode()) < size)


states = st.sampled_from(list(sensor_pb2.State.values()))
positions = st.builds(
    sensor_pb2.Position, latitude_e7=int32, longitude_e7=int32, altitude_mm=int32, accuracy_mm=uint32
)
channels = st.builds(
    sensor_pb2.ChannelDescription,
    index=uint32,
    name=text(32),
    quantity=text(32),
    unit=text(16),
    minimum=float32,
    maximum=float32,
)
MESSAGES: dict[str, st.SearchStrategy[Any]] = {
    "b": st.builds(
        sensor_pb2.Birth,
        serial_number=text(33),
        session=uint32,
        hardware=text(64),
        firmware_version=text(32),
        sensor_type=text(32),
        channels=st.lists(channels, max_size=3),
        sample_frequency_hz=st.floats(),
        state=states,
        position=st.none() | positions,
        maximum_sample_frequency_hz=st.floats(),
        time_ns=int64,
    ),
    "s": st.builds(
        sensor_pb2.Status,
        state=states,
        sample_frequency_hz=st.floats(),
        uptime_ms=uint64,
        session=uint32,
        last_sequence=st.none() | uint64,
        buffered_batches=uint32,
        oldest_buffered_sequence=st.none() | uint64,
        free_memory_bytes=uint32,
        rssi_dbm=int32,
        battery_percent=st.none() | float32,
        time_ns=int64,
    ),
    "l": st.builds(
        sensor_pb2.Log,
        time_ns=int64,
        level=st.sampled_from(list(sensor_pb2.LogLevel.values())),
        logger=text(32),
        message=text(256),
    ),
    "a": st.builds(
        sensor_pb2.CommandAck,
        command_id=st.binary(min_size=16, max_size=16),
        outcome=st.sampled_from(list(sensor_pb2.Outcome.values())),
        reason=text(128),
        time_ns=int64,
        state=states,
        sample_frequency_hz=st.floats(),
    ),
}


@pytest.mark.parametrize("kind", MESSAGES)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_message_is_encoded_as_python_encodes_it(core: Core, kind: str, data: st.DataObject) -> None:
    """Births, statuses, logs, answers: decoded and encoded by the core they are the same bytes."""
    payload = data.draw(MESSAGES[kind]).SerializeToString()
    assert core.ask(kind, payload) == payload


# Commands.
alarm_texts = st.text(max_size=300) | st.text("aé€🙂", min_size=10, max_size=300)
alarms = st.builds(
    sensor_pb2.TriggerAlarm,
    alarm_id=alarm_texts,
    severity=st.sampled_from([0, 1, 1000, 1001]) | uint32,
    action=alarm_texts,
)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "sleep": st.builds(sensor_pb2.Sleep, duration_s=uint32),
    "awake": st.builds(sensor_pb2.Awake),
    "change_sample_frequency": st.builds(
        sensor_pb2.ChangeSampleFrequency, sample_frequency_hz=st.floats() | frequency
    ),
    "trigger_alarm": alarms,
    "resend": st.builds(sensor_pb2.Resend, session=uint32, first_sequence=uint64, last_sequence=uint64),
    "identify": st.builds(sensor_pb2.Identify),
    "reboot": st.builds(sensor_pb2.Reboot),
}


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Any command that protobuf can encode, and what is none for lack of an id or of a kind."""
    command = Command(
        id=draw(st.binary(min_size=16, max_size=16) | st.binary(max_size=20)),
        issued_time_ns=draw(st.integers(0, 2**63 - 1) | int64),
        expiry_time_ns=draw(st.integers(0, 2**63 - 1) | int64),
    )
    kind = draw(st.sampled_from([*KINDS, "trigger_alarm", "change_sample_frequency", "none"]))
    if kind != "none":
        getattr(command, kind).CopyFrom(draw(KINDS[kind]))
        getattr(command, kind).SetInParent()
    return command


maxima = st.sampled_from([0.0, 26_667.0]) | frequency


def judged(payload: bytes, maximum_hz: float) -> tuple[str, str, bytes]:
    """As `Core` answers: '-' for what is no command, else '+' or '!', the reason, and the command."""
    try:
        command = decode_command(payload)
    except WireError:
        return "-", "", b""
    command.DiscardUnknownFields()
    try:
        check(command, maximum_hz)
    except WireError as error:
        return "!", error.detail, command.SerializeToString()
    return "+", "", command.SerializeToString()


def judged_by_core(core: Core, payload: bytes, maximum_hz: float) -> tuple[str, str, bytes]:
    """The same of the firmware."""
    answer = core.ask("c", struct.pack("<d", maximum_hz), payload)
    reason, _, command = answer[1:].partition(b"\0")
    return answer[:1].decode(), reason.decode(), command


@settings(max_examples=800, deadline=None)
@given(commands(), maxima)
def test_command_is_judged_as_the_emulator_judges_it(core: Core, command: Command, maximum_hz: float) -> None:
    """What is none, what cannot be done and why, word for word, and the values of what can."""
    payload = command.SerializeToString()
    assert judged_by_core(core, payload, maximum_hz) == judged(payload, maximum_hz)


@pytest.mark.parametrize(
    "alarm_id",
    ["", "x" * 63, "x" * 64, "é" * 31, "é" * 32, "x" * 256, "x" * 257, "🙂" * 64, "🙂" * 65, "a\0b", "\0"],
)
def test_text_of_an_alarm_is_judged_at_its_bounds(core: Core, alarm_id: str) -> None:
    """A long one is answered, one that is longer than a sensor can read, or has a NUL in it, is not."""
    for alarm in ({"alarm_id": alarm_id}, {"alarm_id": "hot", "action": alarm_id}):
        trigger = sensor_pb2.TriggerAlarm(severity=1, **alarm)
        payload = Command(id=bytes(16), trigger_alarm=trigger).SerializeToString()
        assert judged_by_core(core, payload, 100.0) == judged(payload, 100.0)


@pytest.mark.parametrize(
    "wrong",
    [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\xf0\x80\x80\x80"],
)
def test_text_that_is_no_utf8_is_no_command(core: Core, wrong: bytes) -> None:
    """As protobuf has it: broken, overlong, surrogates, beyond the last character."""
    right = Command(
        id=bytes(16), trigger_alarm={"alarm_id": "-" * len(wrong), "severity": 1}
    ).SerializeToString()
    assert judged_by_core(core, right, 0.0)[0] == "+"
    payload = right.replace(b"-" * len(wrong), wrong)
    assert judged_by_core(core, payload, 0.0)[0] == judged(payload, 0.0)[0] == "-"


@settings(max_examples=1000, deadline=None)
@given(commands(), st.data())
def test_nothing_is_a_command_to_a_sensor_alone(core: Core, command: Command, data: st.DataObject) -> None:
    """Damaged or random bytes: what the core takes for a command is the same command to Python."""
    payload = bytearray(command.SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload)))
        change = data.draw(st.sampled_from(["cut", "insert", "change"]))
        if change == "cut":
            del payload[at:]
        elif change == "insert":
            payload[at:at] = data.draw(st.binary(max_size=4))
        elif at < len(payload):
            payload[at] = data.draw(st.integers(0, 255))
    answer = judged_by_core(core, bytes(payload), 100.0)
    assert answer[0] == "-" or answer == judged(bytes(payload), 100.0)


# Numbers.
@settings(max_examples=800, deadline=None)
@given(st.floats() | st.integers(-(10**7), 10**7).map(lambda number: number / 16) | st.floats(1e-6, 1e7))
def test_number_is_written_as_python_writes_it(core: Core, number: float) -> None:
    """Six digits, correctly rounded: ties to even, numbers just below and above them, the least and the largest."""
    assert core.ask("g", struct.pack("<d", number)).decode() == f"{number:g}"


@settings(max_examples=800, deadline=None)
@given(st.integers(0, 2**62), st.integers(0, 10**12) | st.integers(0, 2**53 // 10**9 + 10), frequency)
def test_time_of_a_sample_is_that_of_the_emulator(
    core: Core, start_ns: int, index: int, sample_frequency_hz: float
) -> None:
    """To the nanosecond, also where 64 bits of a double no longer hold every one."""
    expected = start_ns + round(index * 1e9 / sample_frequency_hz)
    assume(expected < 2**63)
    answer = core.ask("t", struct.pack("<qQd", start_ns, index, sample_frequency_hz))
    assert struct.unpack("<q", answer) == (expected,)


@settings(max_examples=500, deadline=None)
@given(st.integers(-(10**9), 2**62), frequency, st.none() | st.integers(0, 10**9))
def test_samples_until_a_time_are_those_taken_by_then(
    core: Core, elapsed_ns: int, sample_frequency_hz: float, index: int | None
) -> None:
    """The last of them was taken by then, the next one is not yet; at the very time of a sample it counts."""
    if index is not None:
        elapsed_ns = min(2**62, round(index * 1e9 / sample_frequency_hz))
    (count,) = struct.unpack("<Q", core.ask("u", struct.pack("<qd", elapsed_ns, sample_frequency_hz)))
    assert (count == 0) == (elapsed_ns < 0)
    if count:
        assert round((count - 1) * 1e9 / sample_frequency_hz) <= elapsed_ns
        assert round(count * 1e9 / sample_frequency_hz) > elapsed_ns


def test_frequency_that_python_cannot_have_is_refused_alike(core: Core) -> None:
    """No number and the infinities, with the words for them."""
    for number in (math.nan, math.inf, -math.inf, -0.0):
        payload = Command(
            id=bytes(16), change_sample_frequency=sensor_pb2.ChangeSampleFrequency(sample_frequency_hz=number)
        ).SerializeToString()
        assert judged_by_core(core, payload, 100.0) == judged(payload, 100.0)
