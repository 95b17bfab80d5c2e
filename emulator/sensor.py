"""One sensor's behaviour as the firmware has it: states, batches, commands. Pure: time is given.

All times are Unix nanoseconds. What the sensor says is collected in `out`, for whoever connects it.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from emulator.ring import Key, Ring
from emulator.signals import Source
from emulator.tracks import Track
from wire import limits
from wire.codec import FLOAT32, Batch, ChannelBatch, Position, encode_measurements
from wire.commands import check
from wire.errors import WireError
from wire.relay_pb2 import Kind
from wire.sensor_pb2 import (
    Birth,
    ChannelDescription,
    Command,
    CommandAck,
    Log,
    LogLevel,
    Outcome,
    State,
    Status,
)

FIRMWARE_VERSION: Final = "emulator-1"
STATUS_INTERVAL_NS: Final = 30 * 10**9
_BESIDE_SAMPLES: Final = 1024  # bytes of a batch that are no samples, at most


class Say(NamedTuple):
    """One message to publish; measurements wait in the ring under their key instead."""

    kind: Kind
    payload: bytes
    retain: bool


class Plan(NamedTuple):
    """Who a sensor is and what it measures."""

    serial_number: str
    sensor_type: str
    source: Source
    sample_frequency_hz: float
    maximum_sample_frequency_hz: float
    batch_duration_s: float = 1.0
    samples_per_batch: int = 0  # instead of a duration
    track: Track | None = None
    ring_bytes: int = 500_000


class Sensor:
    """Call `tick` when `due_ns` has come, and `command` for each command; publish what is in `out` and `pending`."""

    def __init__(self, plan: Plan, now_ns: int, new_session: Callable[[], int] | None = None) -> None:
        self.plan = plan
        self.ring = Ring(plan.ring_bytes)
        self.out: list[Say] = []
        self.pending: OrderedDict[Key, None] = OrderedDict()  # batches to publish, oldest first
        self.made = 0
        self.samples_made = 0
        self.resent = 0
        self.finished = False
        self.sample_frequency_hz = plan.sample_frequency_hz
        self.state = State.STATE_AWAKE
        room = (limits.MAXIMUM_MESSAGE_BYTES - _BESIDE_SAMPLES) // (4 * len(plan.source.quantities))
        self._maximum_samples = min(limits.MAXIMUM_SAMPLES, room)
        self._new_session = new_session or (lambda: secrets.randbits(32))
        self._wake_ns: int | None = None
        self._done: OrderedDict[bytes, None] = OrderedDict()
        self._boot(now_ns)

    # What others see.
    @property
    def due_ns(self) -> int:
        """When `tick` has something to do."""
        due = self._status_ns + STATUS_INTERVAL_NS
        if self.state == State.STATE_AWAKE and not self.finished:
            due = min(due, self._time_of(self._index + self._batch_samples() - 1))  # its last sample
        if self._wake_ns is not None:
            due = min(due, self._wake_ns)
        return due

    def birth(self, now_ns: int) -> Say:
        """Who this is; said after each connection."""
        birth = Birth(
            serial_number=self.plan.serial_number,
            session=self.session,
            hardware="emulator",
            firmware_version=FIRMWARE_VERSION,
            sensor_type=self.plan.sensor_type,
            sample_frequency_hz=self.sample_frequency_hz,
            maximum_sample_frequency_hz=self.plan.maximum_sample_frequency_hz,
            state=self.state,
            time_ns=now_ns,
            channels=[
                ChannelDescription(
                    index=index,
                    name=q.name,
                    quantity=q.quantity,
                    unit=q.unit,
                    minimum=q.minimum,
                    maximum=q.maximum,
                )
                for index, q in enumerate(self.plan.source.quantities)
            ],
        )
        return Say(Kind.KIND_BIRTH, birth.SerializeToString(), retain=True)

    def status(self, now_ns: int, state: State | None = None) -> Say:
        """How this is; said at each change and every 30 s."""
        self._status_ns = now_ns
        status = Status(
            state=state or self.state,
            sample_frequency_hz=self.sample_frequency_hz,
            uptime_ms=max(0, now_ns - self._boot_ns) // 1_000_000,
            session=self.session,
            last_sequence=self._sequence - 1 if self._sequence else None,
            buffered_batches=self.ring.unacknowledged,
            oldest_buffered_sequence=self.ring.oldest(self.session),
            time_ns=now_ns,
        )
        return Say(Kind.KIND_STATUS, status.SerializeToString(), retain=True)

    def last_will(self) -> bytes:
        """What the broker says for a sensor that is gone: a Status without time."""
        return Status(state=State.STATE_OFFLINE, session=self.session).SerializeToString()

    # What happens to it.
    def tick(self, now_ns: int, at_most: int | None = None) -> None:
        """Make every batch (or `at_most` so many) that is complete by now, however late it is; wake; say the status
        when it is time.
        """
        if self._wake_ns is not None and now_ns >= self._wake_ns:
            self._wake(self._wake_ns)
            self.out.append(self.status(now_ns))
        stop = None if at_most is None else self.made + at_most
        while self.state == State.STATE_AWAKE and not self.finished and self.made != stop:
            count = self._batch_samples()
            if now_ns < self._time_of(self._index + count - 1):
                break
            self._make(count)
        if now_ns - self._status_ns >= STATUS_INTERVAL_NS:
            self.out.append(self.status(now_ns))

    def flush(self, now_ns: int) -> None:
        """Close the open batch with the samples that were taken until now."""
        if self.state == State.STATE_AWAKE and not self.finished:
            self.tick(now_ns)
            open_ns = now_ns - self._time_of(self._index)
            if open_ns >= 0:
                self._make(min(int(open_ns * self.sample_frequency_hz / 1e9) + 1, self._batch_samples()))

    def acknowledged(self, key: Key, *, held: bool) -> None:
        """The broker answered for a batch: somebody holds it, or it has to be published again."""
        if held:
            self.ring.acknowledge(key)
        elif key in self.ring:
            self.pending[key] = None

    def command(self, command: Command, now_ns: int) -> None:
        """Apply a command once, say what came of it, and how this is now."""
        if command.id in self._done:
            outcome, reason = Outcome.OUTCOME_DUPLICATE, ""
        else:
            self._remember(command)  # before it is applied: a reboot that comes twice is one
            if command.expiry_time_ns and now_ns > command.expiry_time_ns:
                outcome, reason = Outcome.OUTCOME_EXPIRED, "it came after its expiry"
            else:
                reason = self._apply(command, now_ns)
                outcome = Outcome.OUTCOME_REJECTED if reason else Outcome.OUTCOME_APPLIED
        self._ack(command, outcome, reason, now_ns)
        self.out.append(self.status(now_ns))

    def clock_stepped(self, by_ns: int, now_ns: int) -> None:
        """The clock was set, by `by_ns` to `now_ns`: what was measured before keeps its times, and a new run begins."""
        self.flush(now_ns - by_ns)
        self._boot_ns += by_ns  # durations go on
        self._status_ns += by_ns
        if self._wake_ns is not None:
            self._wake_ns += by_ns
        if self.state == State.STATE_AWAKE:
            self._start_run(now_ns)
        direction = "forwards" if by_ns > 0 else "backwards"
        message = f"the clock was set {abs(by_ns) // 1_000_000} ms {direction}"
        self.log(LogLevel.LOG_LEVEL_WARNING, "clock", message, now_ns)

    def log(self, level: LogLevel, logger: str, message: str, now_ns: int) -> None:
        """Say a log line."""
        line = Log(time_ns=now_ns, level=level, logger=logger, message=message[: limits.MAXIMUM_TEXT])
        self.out.append(Say(Kind.KIND_LOG, line.SerializeToString(), retain=False))

    # Commands: each returns why it is rejected, or "".
    def _apply(self, command: Command, now_ns: int) -> str:
        try:
            check(command, self.plan.maximum_sample_frequency_hz)
        except WireError as error:
            return error.detail
        name = str(command.WhichOneof("command"))
        said: str = getattr(self, f"_{name}")(getattr(command, name), now_ns)
        return said

    def _sleep(self, command: object, now_ns: int) -> str:
        seconds = getattr(command, "duration_s", 0)
        self.flush(now_ns)
        self.state = State.STATE_ASLEEP
        self._wake_ns = now_ns + seconds * 10**9 if seconds else None
        return ""

    def _awake(self, _command: object, now_ns: int) -> str:
        self._wake(now_ns)
        return ""

    def _change_sample_frequency(self, command: object, now_ns: int) -> str:
        self.flush(now_ns)
        self.sample_frequency_hz = getattr(command, "sample_frequency_hz", 0.0)
        self._start_run(now_ns)
        return ""

    def _trigger_alarm(self, command: object, now_ns: int) -> str:
        alarm = getattr(command, "alarm_id", "")
        self.log(
            LogLevel.LOG_LEVEL_WARNING, "alarm", f"alarm {alarm}: {getattr(command, 'action', '')}", now_ns
        )
        return ""

    def _resend(self, command: object, _now_ns: int) -> str:
        session, first = getattr(command, "session", 0), getattr(command, "first_sequence", 0)
        last = getattr(command, "last_sequence", 0)
        found = list(self.ring.between(session, first, last))
        self.pending.update(dict.fromkeys(found))
        self.resent += len(found)
        missing = last - first + 1 - len(found)
        return "" if not missing else f"{missing} of {last - first + 1} batches are no longer buffered"

    def _identify(self, _command: object, now_ns: int) -> str:
        self.log(LogLevel.LOG_LEVEL_INFO, "identify", "here I am", now_ns)
        return ""

    def _reboot(self, _command: object, now_ns: int) -> str:
        self.flush(now_ns)
        self._boot(now_ns)
        self.out.append(self.birth(now_ns))
        return ""

    def _boot(self, now_ns: int) -> None:
        """State and sample frequency survive; sequences begin anew in a new session."""
        self.session = self._new_session()
        self._sequence = 0
        self._boot_ns = self._status_ns = now_ns
        self._start_run(now_ns)
        self.log(LogLevel.LOG_LEVEL_INFO, "boot", f"session {self.session}", now_ns)

    def shift(self, share: float) -> None:
        """Begin the first batch a share (0 … 1) of its duration earlier, so that a fleet does not beat in time."""
        if not self.made:
            self._run_ns -= int(share * self._batch_samples() * 1e9 / self.sample_frequency_hz)

    def _wake(self, now_ns: int) -> None:
        self._wake_ns = None
        if self.state != State.STATE_AWAKE:
            self.state = State.STATE_AWAKE
            self._start_run(now_ns)

    def _start_run(self, now_ns: int) -> None:
        """Samples are counted from here, so that times never drift."""
        self._run_ns = now_ns
        self._index = 0

    def _time_of(self, index: int) -> int:
        return self._run_ns + round(index * 1e9 / self.sample_frequency_hz)

    def _batch_samples(self) -> int:
        wanted = self.plan.samples_per_batch or int(self.sample_frequency_hz * self.plan.batch_duration_s)
        return max(1, min(wanted, self._maximum_samples))

    def _make(self, count: int) -> None:
        start_ns = self._time_of(self._index)
        time_s = (start_ns - self._boot_ns) / 1e9
        values = self.plan.source.samples(time_s, count, self.sample_frequency_hz)
        taken = values.shape[1]
        self.finished = taken < count
        if not taken:
            return
        channels = tuple(
            ChannelBatch(index, row.astype(FLOAT32, copy=False).tobytes()) for index, row in enumerate(values)
        )
        position: Position | None = self.plan.track.at(time_s) if self.plan.track else None
        batch = Batch(
            self.session, self._sequence, start_ns, self.sample_frequency_hz, taken, channels, position
        )
        key = Key(self.session, self._sequence)
        self.ring.add(key, encode_measurements(batch))
        self.pending[key] = None
        self._sequence += 1
        self._index += taken
        self.made += 1
        self.samples_made += taken * len(channels)

    def _remember(self, command: Command) -> None:
        self._done[command.id] = None
        if len(self._done) > limits.REMEMBERED_COMMANDS:
            self._done.popitem(last=False)

    def _ack(self, command: Command, outcome: Outcome, reason: str, now_ns: int) -> None:
        ack = CommandAck(
            command_id=command.id,
            outcome=outcome,
            reason=reason,
            time_ns=now_ns,
            state=self.state,
            sample_frequency_hz=self.sample_frequency_hz,
        )
        self.out.append(Say(Kind.KIND_ACK, ack.SerializeToString(), retain=False))
