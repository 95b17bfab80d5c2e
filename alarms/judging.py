"""From deliveries to events, as fast as they come, and to the database in their order.

Three things go on at once, and none of them waits for another:

- A delivery is judged when it comes, by rules that want no window: their machines are told within milliseconds.
- Windows that have become whole are judged in rounds, in a thread, and bearings in another.
- What has happened is written with the offsets that are judged, one transaction after another.

So the database may be behind, and what is judged again after a crash comes to the same: alarms, transitions, triggers and
rows of the outbox have ids that follow from what was measured, and an evaluation ignores what it has seen.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from alarms import diagnosing, metrics, windows
from alarms.asking import Asking
from alarms.config import AlarmsSettings
from alarms.diagnosing import Request
from alarms.events import Event
from alarms.fleet import Fleet, OfFeature
from alarms.judge import Judge
from alarms.partitions import Partition
from alarms.rules import Zone
from alarms.store import PartitionLostError, Store, Writing
from alarms.unwritten import Unwritten
from alarms.windows import Piece
from wire import deliveries, names
from wire.deliveries import Delivery

log = structlog.get_logger()

_ROUND_S: Final = 0.1  # windows are judged at least this often
_TICK_S: Final = 0.5
_CATCH_UP_S: Final = 10.0  # after a partition is taken, before silence on it means anything
_PIECE_BYTES: Final = 400  # beside its samples


class Judging:
    """The reader of the measurement stream (runtime.stream_consumer.Reader)."""

    def __init__(
        self,
        settings: AlarmsSettings,
        judge: Judge,
        store: Store,
        database: Asking,
        unwritten: Unwritten,
        on_written: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._judge = judge
        self._store = store
        self._database = database
        self._unwritten = unwritten
        self._on_written = on_written
        self._streams: list[str] = []  # of all partitions, in order
        self._partitions: dict[str, Partition] = {}  # that this process judges
        self._taken_at: dict[str, float] = {}
        self._window_s = 0.0  # the longest that there is
        self._pieces: list[Piece] = []
        self._bytes = 0
        self._changed = asyncio.Condition()  # of bytes, or of what is written
        self._requests: deque[Request] = deque()
        self._requested = asyncio.Event()
        # offsets up to which everything is judged, of the partition as it was taken
        self._judged: dict[str, tuple[Partition, int, int]] = {}
        self._turn = asyncio.Lock()  # of writing, and of loading what was written
        self.handed_over = 0  # how often a partition was given up
        self._urgent = asyncio.Event()
        self._window_thread = ThreadPoolExecutor(1, "windows")
        self._diagnosing_thread = ThreadPoolExecutor(1, "diagnoses")
        self.unknown = asyncio.Event()  # a batch of a sensor that is not known

    # What the service says.
    def found(self, streams: list[str]) -> None:
        """All partitions, in order."""
        self._streams = streams

    def refresh(self, fleet: Fleet) -> None:
        """Rules and sensors are like that now."""
        windowed = [one.rule.window_s or 0.0 for one in fleet.rules if isinstance(one.rule, OfFeature | Zone)]
        self._window_s = max(windowed, default=0.0)
        now_ns = time.time_ns()
        self._add(self._judge.refresh(fleet, self._stream_of, now_ns), now_ns)
        metrics.EVALUATIONS.set(len(self._judge.evaluations))
        metrics.OPEN.set(len(self._judge.open_alarms()))
        metrics.LATE.set(self._judge.late)

    def sensor_ids(self, stream: str | None = None) -> list[int]:
        """Of one partition, or of all that are judged here."""
        streams = {stream} if stream is not None else set(self._partitions)
        return [
            sensor.id
            for serial, sensor in self._judge.fleet.sensors.items()
            if self._partition(serial) in streams
        ]

    def hurry(self) -> None:
        """There is something to be written."""
        self._urgent.set()

    # What the consumer asks for.
    async def next_offset(self, stream: str) -> int:
        """Take the partition: what the database has of it, as of now."""
        async with self._turn:
            return await self._take(stream)

    async def _take(self, stream: str) -> int:
        fleet = await self._database.ask(self._store.fleet)
        serials = [serial for serial in fleet.sensors if self._partition(serial) == stream]
        ids = [fleet.sensors[serial].id for serial in serials]
        taken = await self._database.ask(lambda connection: self._store.take(connection, stream, ids))
        self._judge.load(stream, serials, taken.kept, taken.opened)
        partition = self._partitions[stream] = Partition(taken.next_offset, taken.rewind_offset)
        self._judged[stream] = (partition, taken.next_offset, taken.rewind_offset)
        self._taken_at[stream] = time.monotonic()
        self.refresh(fleet)
        return taken.rewind_offset

    async def put(self, delivery: Delivery) -> None:
        """Judge one stream message; waits while too much waits for windows or for the database."""
        async with self._changed:
            await self._changed.wait_for(self._has_room)
        partition = self._partitions.get(delivery.stream)
        if partition is None:
            return
        judged = partition.take(delivery.offset, delivery.time_ms, self._window_s)
        now_ns = time.time_ns()
        received, rejects = deliveries.measurements(delivery, now_ns)
        metrics.REJECTS.inc(len(rejects))
        metrics.BATCHES.inc(len(received))
        for one in received:
            made = self._judge.take(one.serial_number, one.batch, now_ns, judged=judged)
            if made is None:
                metrics.UNKNOWN.inc()
                self.unknown.set()
                continue
            if made.events:
                self._add(made.events, time.time_ns())
            for piece in made.pieces:
                self._bytes += piece.samples.nbytes + _PIECE_BYTES
            self._pieces += made.pieces
            for request in made.requests:
                self._request(request)
        if judged and received:
            metrics.LATENCY.observe((time.time_ns() - received[-1].received_ns) / 1e9)
        metrics.BUFFERED_BYTES.set(self._bytes)

    async def restarted(self, stream: str) -> None:
        """The stream was deleted and made again."""
        await self._database.ask(lambda connection: self._store.reset(connection, stream))

    async def written(self, stream: str | None = None) -> None:
        """Wait until what was taken is judged and written."""
        wanted = {
            name: partition.next_offset
            for name, partition in self._partitions.items()
            if stream in (None, name)
        }
        self._urgent.set()

        def done() -> bool:
            return all(
                self._partitions[name].written >= offset
                for name, offset in wanted.items()
                if name in self._partitions
            )

        async with self._changed:
            await self._changed.wait_for(done)

    def active(self, stream: str, is_active: bool) -> None:
        """A partition that is given up is another's."""
        metrics.ACTIVE.labels(stream).set(is_active)
        if not is_active and self._partitions.pop(stream, None) is not None:
            self._judged.pop(stream, None)
            self.handed_over += 1
            self._unwritten.forget(
                {serial for serial in self._judge.sensors if self._partition(serial) == stream}
            )
            self._judge.drop(stream)

    def skipped(self, stream: str, count: int) -> None:
        """Gone before they were judged."""
        metrics.SKIPPED.labels(stream).inc(count)

    # What goes on beside.
    async def judge_windows(self) -> None:
        """Round after round, for ever; the clock, too."""
        loop = asyncio.get_running_loop()
        ticked = 0.0
        while True:
            await asyncio.sleep(_ROUND_S)
            pieces, self._pieces = self._pieces, []
            offsets = {
                name: (one, one.next_offset, one.rewind_offset) for name, one in self._partitions.items()
            }
            if pieces:
                began = time.perf_counter()
                results = await loop.run_in_executor(self._window_thread, windows.compute, pieces)
                metrics.ROUND_SECONDS.observe(time.perf_counter() - began)
                metrics.WINDOWS.inc(sum(len(piece.samples) for piece in pieces))
                now_ns = time.time_ns()
                self._add(self._judge.judge_windows(results), now_ns)
                self._bytes -= sum(piece.samples.nbytes + _PIECE_BYTES for piece in pieces)
                metrics.BUFFERED_BYTES.set(self._bytes)
                async with self._changed:
                    self._changed.notify_all()
            for name, judged in offsets.items():
                if self._partitions.get(name) is judged[0]:  # not given up, or taken again, meanwhile
                    self._judged[name] = judged
            if time.monotonic() - ticked >= _TICK_S:
                ticked, now_ns = time.monotonic(), time.time_ns()
                self._add(self._judge.tick(now_ns, self._reads), now_ns)
                self._unwritten.tick(now_ns)

    async def diagnose(self) -> None:
        """One bearing after another, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._requested.wait()
            self._requested.clear()
            while self._requests:
                request = self._requests.popleft()
                answer = await loop.run_in_executor(self._diagnosing_thread, diagnosing.answer, request)
                metrics.DIAGNOSES.inc()
                metrics.WAITING_DIAGNOSES.set(len(self._requests))
                self._add(self._judge.judge_diagnosis(answer), time.time_ns())

    async def write(self) -> None:
        """One transaction after another, for ever. PartitionLostError."""
        while True:
            try:
                async with asyncio.timeout(self._settings.alarms_checkpoint_ms / 1e3):
                    await self._urgent.wait()
            except TimeoutError:
                pass
            self._urgent.clear()
            async with self._turn:
                judged = dict(self._judged)
                offsets = {stream: (following, rewind) for stream, (_, following, rewind) in judged.items()}
                writing = self._unwritten.take(offsets)
                if not writing.anything:
                    continue
                await self._write(writing)
            for stream, (partition, following, _) in judged.items():
                metrics.OFFSET.labels(stream).set(following)
                partition.written = following
            if writing.outbox:
                self._on_written()
            async with self._changed:
                self._changed.notify_all()

    async def _write(self, writing: Writing) -> None:
        """PartitionLostError where somebody else has taken what was not given up."""
        try:
            await self._database.ask(lambda connection: self._store.write(connection, writing))
        except PartitionLostError as error:
            given_up = {stream for stream in writing.offsets if stream not in self._partitions}
            if not given_up:
                raise
            log.info("given_up_while_writing", error=str(error))
            serials = [serial for serial in self._judge.fleet.sensors if self._partition(serial) in given_up]
            await self._write(writing.without(serials, given_up))

    def close(self) -> None:
        """Let the threads end."""
        self._window_thread.shutdown(wait=False, cancel_futures=True)
        self._diagnosing_thread.shutdown(wait=False, cancel_futures=True)

    def _add(self, events: list[Event], now_ns: int) -> None:
        if events:
            self._unwritten.add(events, now_ns)
            self._urgent.set()

    def _request(self, request: Request) -> None:
        if len(self._requests) >= self._settings.alarms_diagnoses:
            self._requests.popleft()
            metrics.DIAGNOSES_SKIPPED.inc()
        self._requests.append(request)
        self._requested.set()

    def _has_room(self) -> bool:
        return self._bytes < self._settings.alarms_buffer_bytes and not self._unwritten.full

    def _partition(self, serial_number: str) -> str | None:
        """The stream of a sensor's partition."""
        if not self._streams:
            return None
        return self._streams[names.partition_of(serial_number, len(self._streams))]

    def _stream_of(self, serial_number: str) -> str | None:
        """The same; None where another process judges it."""
        stream = self._partition(serial_number)
        return stream if stream in self._partitions else None

    def _reads(self, stream: str) -> bool:
        taken_at = self._taken_at.get(stream)
        return (
            stream in self._partitions and taken_at is not None and time.monotonic() - taken_at > _CATCH_UP_S
        )
