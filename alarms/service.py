"""The life of the alarms service: read, judge, tell, hand over."""

import asyncio
import gc
import time
import uuid
from collections import OrderedDict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from alarms import metrics, outbox
from alarms.asking import Asking
from alarms.config import AlarmsSettings
from alarms.database import connect
from alarms.events import Event
from alarms.flooding import Flooding
from alarms.judge import Judge
from alarms.judging import Judging
from alarms.life import Kind
from alarms.machines import (
    EVERY_TARGET,
    MAXIMUM_UNACKNOWLEDGED,
    Acknowledgement,
    MachineServer,
    Tls,
)
from alarms.mail import MailSender
from alarms.outbox import Outbox
from alarms.publishing import CommandSender, Exchange, PublishSender
from alarms.sending import Sender
from alarms.store import Due, Store
from alarms.triggers import TriggerRow
from alarms.unwritten import Outgoing, Unwritten
from alarms.webhook import WebhookSender
from runtime.health import Health
from runtime.stream_reading import Reading
from runtime.streams import StreamPublisher
from wire import names
from wire.alarm_pb2 import Resolved, ServiceMessage, Trigger

log = structlog.get_logger()

REFERENCE: Final = "alarms"
_REQUESTS_S: Final = 0.25  # how often operators' requests are looked for
_TRIGGERS_S: Final = 1.0
_FLOOD_S: Final = 600.0
_GRACE_S: Final = 2.0  # of the machines' server


class Alarms:
    """Judges until it is stopped; what it has judged is written then, and its partitions are another's."""

    def __init__(self, settings: AlarmsSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        owner = uuid.uuid4()
        self._asking = Asking(settings, health)  # what people and machines wait for
        self._writing = Asking(settings, health)
        self._store = Store(owner, outbox.put)
        self._streams = StreamPublisher(settings, "alarms")
        self._judge = Judge()
        self._answered: OrderedDict[uuid.UUID, None] = OrderedDict()
        self._exchange = Exchange(settings, on_trigger=self._heard, on_change=self._connected)
        self._webhooks = WebhookSender(settings)
        flooding = Flooding(settings.alarms_flood_limit, _FLOOD_S, owner.hex)
        self._unwritten = Unwritten(self._judge, flooding, Outgoing(self._tell, self._resolved))
        self._outbox = Outbox(settings, lambda: connect(settings), self._senders())
        self._judging = Judging(
            settings, self._judge, self._store, self._writing, self._unwritten, self._outbox.wake
        )
        self._machines = MachineServer(
            _TriggerStore(self._store, self._asking),
            self._acknowledged,
            host=settings.alarms_machine_host,
            port=settings.alarms_machine_port,
            instance=owner.hex[:8],
            tls=_tls(settings),
            token=settings.alarms_machine_token.get_secret_value() or None,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        self._health.require("rabbitmq")
        self._health.require("database")
        stopping = asyncio.create_task(stop.wait(), name="stopping")
        finished = asyncio.Event()
        try:
            await self._machines.start()
            async with asyncio.TaskGroup() as tasks:
                side = [
                    tasks.create_task(self._exchange.run(), name="exchange"),
                    tasks.create_task(self._judging.judge_windows(), name="windows"),
                    tasks.create_task(self._judging.diagnose(), name="diagnose"),
                    tasks.create_task(self._judging.write(), name="write"),
                    tasks.create_task(self._refresh(), name="refresh"),
                    tasks.create_task(self._requests(), name="requests"),
                    tasks.create_task(self._triggers(), name="triggers"),
                ]
                watching = tasks.create_task(self._machines.watch(), name="machines")
                sending = tasks.create_task(self._outbox.run(finished), name="outbox")
                await Reading(
                    self._settings,
                    REFERENCE,
                    self._judging,
                    self._health,
                    credit=self._settings.alarms_credit,
                    streams=self._found,
                    super_stream=names.DATA_SUPER_STREAM,
                    on_failure=metrics.FAILURES.labels("stream").inc,
                ).run(stopping)
                finished.set()
                await sending
                await self._webhooks.close()
                watching.cancel()
                await self._machines.stop(_GRACE_S)
                for task in side:
                    task.cancel()
        finally:
            stopping.cancel()
            self._judging.close()
            for closing in (self._streams, self._asking, self._writing):
                await closing.close()

    async def _found(self) -> list[str]:
        """What is read: RabbitMQ would not wait for the database for ever, so that is asked first."""
        self._judging.refresh(await self._asking.ask(self._store.fleet))
        _collect_seldom()
        streams = await self._streams.partitions(names.DATA_SUPER_STREAM)
        self._judging.found(streams)
        return streams

    async def _refresh(self) -> None:
        """Rules, sensors and targets as they are; sooner where a sensor is not known."""
        said: dict[str, str] = {}
        while True:
            await asyncio.sleep(min(1.0, self._settings.alarms_refresh_s))
            try:
                async with asyncio.timeout(max(0.0, self._settings.alarms_refresh_s - 1.0)):
                    await self._judging.unknown.wait()
            except TimeoutError:
                pass
            self._judging.unknown.clear()
            self._judging.refresh(await self._asking.ask(self._store.fleet))
            metrics.REFUSED_RULES.set(len(self._store.refused))
            for name, why in self._store.refused.items():
                if said.get(name) != why:
                    log.error("rule_refused", rule=name, error=why)
            said = self._store.refused

    async def _requests(self) -> None:
        """What operators ask; done once, and answered with what it has changed."""
        seen: set[int] = set()  # done, and perhaps not yet written
        handed_over = 0
        while True:
            await asyncio.sleep(_REQUESTS_S)
            ids = self._judging.sensor_ids()
            asks = await self._asking.ask(lambda connection, ids=ids: self._store.requests(connection, ids))  # type: ignore[misc]  # bound early
            seen &= {ask.id for ask in asks}
            if handed_over != self._judging.handed_over:  # what was not written is to be done again
                handed_over = self._judging.handed_over
                seen.clear()
            for ask in asks:
                if ask.id in seen:
                    continue
                seen.add(ask.id)
                now_ns = time.time_ns()
                event, refusal = self._judge.ask(ask, now_ns)
                if event is not None:
                    self._unwritten.add([event], now_ns)
                serial = event.source.serial_number if event is not None else ""
                self._unwritten.answer(serial, ask.id, refusal)
                self._judging.hurry()

    async def _triggers(self) -> None:
        """What machines have answered, by whichever replica, and what none has answered in time."""
        seen: set[tuple[uuid.UUID, bool]] = set()
        handed_over = 0
        while True:
            await asyncio.sleep(_TRIGGERS_S)
            alarms = self._judge.open_alarms()
            if not alarms:
                continue
            due = await self._asking.ask(
                lambda connection, alarms=alarms: self._store.triggers_due(connection, alarms)  # type: ignore[misc]  # bound early
            )
            seen &= {(one.id, one.acknowledged) for one in due}
            if handed_over != self._judging.handed_over:
                handed_over = self._judging.handed_over
                seen.clear()
            for one in due:
                if (one.id, one.acknowledged) not in seen:
                    seen.add((one.id, one.acknowledged))
                    self._note(one)

    def _note(self, due: Due) -> None:
        now_ns = time.time_ns()
        if not due.acknowledged and due.id in self._answered:
            return  # the answer is on its way to the database
        if due.acknowledged:
            self._machines.forget(due.id)
            said = f"{due.outcome}: {due.action_taken}" if due.action_taken else due.outcome
            events = [self._judge.note(due.alarm_id, Kind.TRIGGER_ACKNOWLEDGED, now_ns, due.machine, said)]
            if due.outcome != "DONE":
                text = f"{due.machine} has not done it: {said}"
                events.append(self._judge.note(due.alarm_id, Kind.ESCALATED, now_ns, "", text))
        else:
            text = "no machine has acknowledged the trigger in time"
            events = [self._judge.note(due.alarm_id, Kind.ESCALATED, now_ns, "", text)]
        found = [event for event in events if event is not None]
        self._unwritten.add(found, now_ns)
        serial = found[0].source.serial_number if found else ""
        self._unwritten.noted(serial, due.id, due.acknowledged)
        self._judging.hurry()

    # Machines, at once.
    def _acknowledged(self, acknowledgement: Acknowledgement) -> None:
        self._answered[acknowledgement.trigger_id] = None
        if len(self._answered) > MAXIMUM_UNACKNOWLEDGED:
            self._answered.popitem(last=False)

    def _tell(self, row: TriggerRow) -> None:
        self._machines.deliver(row.message)
        self._exchange.publish_trigger(
            row.message.serial_number, ServiceMessage(trigger=row.message).SerializeToString()
        )

    def _heard(self, serial_number: str, body: bytes) -> None:
        """What another replica has judged."""
        try:
            message = ServiceMessage.FromString(body)
            uuid.UUID(bytes=message.trigger.id or message.resolved.alarm_id)
        except Exception as error:  # protobuf's and uuid's alike: it is no trigger of ours
            log.warning("no_trigger", serial_number=serial_number, error=str(error))
            return
        if message.HasField("trigger"):
            self._machines.deliver(message.trigger)
        else:
            over = message.resolved
            self._machines.resolved(over.target, uuid.UUID(bytes=over.alarm_id), over.time_ns)

    def _resolved(self, event: Event) -> None:
        source, at_ns = event.source, event.transition.at_ns
        if source.target is None or event.rule.rule.trigger is None:
            return
        self._machines.resolved(source.target, event.alarm_id, at_ns)
        over = Resolved(alarm_id=event.alarm_id.bytes, target=source.target, time_ns=at_ns)
        self._exchange.publish_trigger(
            source.serial_number, ServiceMessage(resolved=over).SerializeToString()
        )

    def _connected(self, is_connected: bool) -> None:
        if is_connected:
            self._outbox.wake()

    def _senders(self) -> dict[str, Sender]:
        return {
            "publish": PublishSender(self._exchange),
            "command": CommandSender(self._exchange, time.time_ns),
            "webhook": self._webhooks,
            "email": MailSender(self._settings),
        }


class _TriggerStore:
    """What the machines' server wants of the database."""

    def __init__(self, store: Store, asking: Asking) -> None:
        self._store = store
        self._asking = asking

    async def unacknowledged(self, targets: Collection[str]) -> Sequence[Trigger]:
        """Of these machines."""
        return await self._asking.ask(
            lambda connection: self._store.unacknowledged(
                connection, targets, EVERY_TARGET in targets, MAXIMUM_UNACKNOWLEDGED
            )
        )

    async def acknowledged(
        self, trigger_id: uuid.UUID, machine: str, outcome: str, action_taken: str, time_ns: int
    ) -> None:
        """The first counts."""
        said: tuple[Any, ...] = (trigger_id, machine, outcome, action_taken, time_ns)
        await self._asking.ask(lambda connection: self._store.acknowledged(connection, *said))


def _collect_seldom() -> None:
    """A full garbage collection takes a tenth of a second with a thousand sensors, in which no machine is told.

    What there is now stays as long as the process; what comes and goes has no cycles but for errors' tracebacks.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _tls(settings: AlarmsSettings) -> Tls | None:
    """OSError where only a part of it is given."""
    files = (settings.alarms_machine_certificate, settings.alarms_machine_key, settings.alarms_machine_ca)
    if not any(files):
        return None
    if not all(files):
        raise OSError(
            "TLS for machine controllers needs STREAMING_ALARMS_MACHINE_CERTIFICATE, _KEY and _CA, all three"
        )
    return Tls(*(Path(file) for file in files))
