"""Many sensors on one event loop: one scheduler, a heap of due times, no task or timer a sample."""

import asyncio
import heapq
import json
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from emulator import metrics
from emulator.config import EmulatorSettings
from emulator.fleet_machines import FleetMachines
from emulator.link import Link
from emulator.sensor import Plan, Sensor
from runtime.health import Health
from runtime.mqtt import MqttError

log = structlog.get_logger()

_CONNECTING_AT_ONCE = 100
_REPORT_INTERVAL_S = 1.0
_LONGEST_SLEEP_S = 0.5
_STEP_NS = 100_000_000  # more is no drift: the clock was set
# How long batches are made, however late the fleet is, until the connections have their turn: the longer, the more
# goes into one write; but whoever connects waits for several turns.
_TURN_S = 0.05
_TURN_WHILE_CONNECTING_S = 0.01
_BATCHES_AT_ONCE = 4  # of one sensor that is late; then it is another's turn


class Clock:
    """Unix time in nanoseconds, from `start_ns` on, `speed` times as fast as time goes.

    The machine's clock may be set while sensors run, and `steps` (after how many of the sensors' seconds, by how many)
    do it on purpose. Time goes on steadily until `follow` says that it was, so that all sensors hear of it first.
    """

    def __init__(
        self, speed: float = 1.0, start_ns: int | None = None, steps: Sequence[tuple[float, float]] = ()
    ) -> None:
        self._speed = speed
        self._steps = steps
        self._real = speed == 1.0 and start_ns is None
        self._began = time.monotonic_ns()
        self.start_ns = time.time_ns() if start_ns is None else start_ns
        self._offset_ns = self.start_ns

    def __call__(self) -> int:
        """Now."""
        return self._elapsed_ns() + self._offset_ns

    def follow(self) -> int:
        """By how many nanoseconds the clock was set since the last time; 0 where it only drifted, as clocks do."""
        elapsed_ns = self._elapsed_ns()
        offset_ns = time.time_ns() - elapsed_ns if self._real else self.start_ns
        offset_ns += sum(round(by_s * 1e9) for at_s, by_s in self._steps if elapsed_ns >= at_s * 1e9)
        change_ns, self._offset_ns = offset_ns - self._offset_ns, offset_ns
        return change_ns if abs(change_ns) > _STEP_NS else 0

    def real_s(self, duration_ns: int) -> float:
        """How long that takes, in seconds of real time."""
        return duration_ns / 1e9 / self._speed

    def _elapsed_ns(self) -> int:
        elapsed = time.monotonic_ns() - self._began
        return elapsed if self._speed == 1.0 else int(elapsed * self._speed)


class Fleet:
    """Runs sensors until stopped, or (exit_when_done) until all recordings have ended and are acknowledged."""

    def __init__(
        self,
        plans: list[Plan],
        passwords: dict[str, str],
        settings: EmulatorSettings,
        health: Health,
        *,
        clock: Clock | None = None,
        report: Path | None = None,
        exit_when_done: bool = False,
        duration_s: float | None = None,
        machines: FleetMachines | None = None,
    ) -> None:
        self._clock = clock or Clock()
        self._health = health
        self._report = report
        self._exit_when_done = exit_when_done
        self._duration_s = duration_s
        self._machines = machines
        self._started = asyncio.Event()
        self._commanded = asyncio.Event()
        self._all_connected = False
        self._links = [
            Link(
                Sensor(plan, self._clock.start_ns),
                settings.mqtt_host,
                settings.mqtt_port,
                passwords[plan.serial_number],
                self._clock,
                self._commanded.set,
            )
            for plan in plans
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Connect all, sample, publish; at the end flush, say goodbye and write the report."""
        self._health.require("mqtt")
        metrics.SENSORS.set(len(self._links))
        try:
            async with asyncio.TaskGroup() as tasks:
                connecting = [
                    tasks.create_task(self._connect(), name="connect"),
                    tasks.create_task(self._sample(), name="sample"),
                    tasks.create_task(self._watch(), name="watch"),
                ]
                if self._machines is not None:
                    connecting.append(tasks.create_task(self._machines.run(stop), name="machines"))
                waits = [asyncio.create_task(stop.wait()), asyncio.create_task(self._done())]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for task in [*connecting[1:], *waits]:
                    task.cancel()
                await asyncio.gather(*(link.goodbye() for link in self._links if link.client.connection))
                for link in self._links:
                    link.ended.set()
                connecting[0].cancel()
        except* MqttError as group:
            raise group.exceptions[0] from None
        finally:
            self._write_report()

    async def _done(self) -> None:
        if self._duration_s is not None:
            await self._started.wait()
            await asyncio.sleep(self._duration_s)
        elif self._exit_when_done:
            while not all(link.sensor.finished and link.idle for link in self._links):  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # many conditions, none worth an event
        else:
            await asyncio.Event().wait()

    async def _connect(self) -> None:
        """A few at a time, so that a fleet does not knock the broker down."""
        slots = asyncio.Semaphore(_CONNECTING_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for link in self._links:
                await slots.acquire()
                running = tasks.create_task(link.client.run(link.ended), name=link.sensor.plan.serial_number)
                tasks.create_task(self._release_when_open(link, running, slots))

    async def _release_when_open(
        self, link: Link, running: "asyncio.Task[None]", slots: asyncio.Semaphore
    ) -> None:
        opened = asyncio.create_task(link.client.room.wait())
        await asyncio.wait([opened, running], return_when=asyncio.FIRST_COMPLETED)
        opened.cancel()
        slots.release()

    async def _sample(self) -> None:
        # batches of a fleet are not made all at the same moment
        for index, link in enumerate(self._links):
            link.sensor.shift(index / len(self._links))
        due = self._due()
        self._started.set()
        while True:
            if stepped_ns := self._clock.follow():
                for link in self._links:
                    link.sensor.clock_stepped(stepped_ns, self._clock())
                    link.pump()
                due = self._due()
            if self._make_due(due):
                # commands change due times, so no sleep is long, and after one everything is looked at anew
                wait_s = self._clock.real_s(due[0][0] - self._clock()) if due else _LONGEST_SLEEP_S
                await asyncio.sleep(min(max(wait_s, 0.001), _LONGEST_SLEEP_S))
            else:
                await asyncio.sleep(0)
            if self._commanded.is_set():
                self._commanded.clear()
                due = self._due()

    def _due(self) -> list[tuple[int, int]]:
        """A heap of when each sensor has something to do."""
        due = [(link.sensor.due_ns, index) for index, link in enumerate(self._links)]
        heapq.heapify(due)
        return due

    def _make_due(self, due: list[tuple[int, int]]) -> bool:
        """Make what is due, the longest due first, for one turn; False where that was not long enough."""
        now_ns = self._clock()
        ends = time.monotonic() + (_TURN_S if self._all_connected else _TURN_WHILE_CONNECTING_S)
        behind_ns = 0
        while due and due[0][0] <= now_ns:
            due_ns, index = heapq.heappop(due)
            link = self._links[index]
            link.sensor.tick(now_ns, _BATCHES_AT_ONCE)
            link.pump()
            behind_ns = max(behind_ns, now_ns - due_ns)
            heapq.heappush(due, (link.sensor.due_ns, index))
            if time.monotonic() >= ends:
                break
        metrics.BEHIND.set(self._clock.real_s(behind_ns))
        return not due or due[0][0] > now_ns

    async def _watch(self) -> None:
        while True:
            connected = sum(link.client.connection is not None for link in self._links)
            self._all_connected = connected == len(self._links)
            self._health.set("mqtt", self._all_connected)
            metrics.BUFFERED.set(sum(link.sensor.ring.unacknowledged for link in self._links))
            metrics.DROPPED.set(sum(link.sensor.ring.dropped for link in self._links))
            self._write_report()
            await asyncio.sleep(_REPORT_INTERVAL_S)

    def _write_report(self) -> None:
        if self._report is None:
            return
        sensors = [
            {
                "serial_number": link.sensor.plan.serial_number,
                "session": link.sensor.session,
                "channels": len(link.sensor.plan.source.quantities),
                "batches_made": link.sensor.made,
                "batches_acknowledged": link.acknowledged,
                "samples_made": link.sensor.samples_made,
                "dropped": link.sensor.ring.dropped,
                "resent": link.sensor.resent,
            }
            for link in self._links
        ]
        partial = self._report.with_name(self._report.name + ".partial")
        partial.write_text(json.dumps({"sensors": sensors}))
        partial.rename(self._report)
