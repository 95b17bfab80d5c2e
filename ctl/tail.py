"""`iotctl tail`: a sensor's values, as they come."""

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click
import psycopg

from ctl import tail_rows
from ctl.context import Operator, pass_operator, query
from ctl.durations import DURATION
from ctl.errors import USAGE, CtlError
from ctl.live import Live
from ctl.output import STATE_STYLES, printable
from ctl.select import did_you_mean, one_sensor, serial_argument
from ctl.tail_rows import BATCH_FIELDS, BATCH_KEYS, VALUE_FIELDS, VALUE_KEYS, Channel, Continuity, Tally
from runtime.live import Received
from runtime.streams import StreamError

_PIPE_BYTES: Final = 4096  # a pipe that is writable takes so many at once without blocking
_SILENCE_S: Final = 5.0  # then the database is asked what the sensor does
_REFRESH_S: Final = 0.2


@click.command()
@serial_argument
@click.option(
    "--channel",
    "wanted",
    multiple=True,
    metavar="CHANNEL",
    help="Only this channel, by its number or name; may be repeated [default: all].",
)
@click.option("--values", is_flag=True, help="Every sample with its time in ns, not a line for a batch.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many batches.")
@click.option("--for", "duration", type=DURATION, help="End after this time.")
@click.option(
    "--output",
    "form",
    type=click.Choice(["auto", "json", "csv"]),
    default="auto",
    show_default=True,
    help="auto: aligned columns. json: one object a line. csv: with a header.",
)
@pass_operator
def tail(
    operator: Operator,
    serial: str,
    wanted: tuple[str, ...],
    values: bool,
    count: int | None,
    duration: float | None,
    form: str,
) -> None:
    """Follow a sensor's measurements live: a line for each batch and channel, until Ctrl-C.

    They come from the stream that the ingester reads as well: what is shown may not be in the database yet. LATENCY is
    from the batch's last sample, by the sensor's clock, to this screen. RMS includes the mean; PEAK is the greatest
    absolute value. Batches that did not come are said, and counted in the last line (standard error).

    \b
    iotctl tail pump-0002                                        all channels
    iotctl tail pump-0002 --channel x --for 1m                   one channel, for a minute
    iotctl tail pump-0002 --count 1 --values --output csv > batch.csv
    iotctl tail pump-0002 --output json | jq -r '[.time, .rms] | @tsv'
    """
    sensor = one_sensor(operator, serial)
    with operator.database() as database:
        named = database.execute(query("samples_channels"), {"sensor_id": sensor["id"]}).fetchall()
    known = {
        row["number"]: Channel(row["number"], printable(row["name"]), printable(row["unit"])) for row in named
    }
    show = _Tail(operator, serial, _chosen(serial, known, wanted), bool(wanted), values, form)
    asyncio.run(show.run(sensor["state"], count, duration))


def _chosen(serial: str, known: Mapping[int, Channel], wanted: Sequence[str]) -> dict[int, Channel]:
    """The channels that are meant; CtlError where the sensor has none of that name."""
    if not wanted:
        return dict(known)
    by_name = {channel.name: number for number, channel in known.items()}
    chosen: dict[int, Channel] = {}
    for name in wanted:
        number = by_name.get(name, int(name) if name.isascii() and name.isdigit() else None)
        if number is None or (known and number not in known):
            names = ", ".join(f"{channel.number} ({channel.name})" for channel in known.values())
            raise CtlError(
                f"{serial} has no channel {name!r}{did_you_mean(name, by_name)}"
                + (f"; it has {names}" if names else "; its channels have numbers only"),
                USAGE,
            )
        chosen[number] = known.get(number) or tail_rows.unnamed(number)
    return chosen


class _Tail:
    def __init__(
        self,
        operator: Operator,
        serial: str,
        channels: Mapping[int, Channel],
        restricted: bool,
        values: bool,
        form: str,
    ) -> None:
        self._operator = operator
        self._serial = serial
        self._channels = channels
        self._restricted = restricted
        self._make = tail_rows.value_rows if values else tail_rows.batch_rows
        self._keys = VALUE_KEYS if values else BATCH_KEYS
        self._form = form
        terminal = operator.out.is_terminal
        fields = tail_rows.named_fields(VALUE_FIELDS if values else BATCH_FIELDS, channels.values())
        self._fields = tail_rows.fitting(fields, operator.out.width if terminal else None)
        self._screenful = max(operator.out.height - 2, 5) if terminal and form == "auto" else None
        self._lines = 0  # since the heading
        self._write = _Writer()
        self._continuity = Continuity()
        self._tally = Tally()

    async def run(self, state: str | None, count: int | None, duration: float | None) -> None:
        """Until enough came, the time is over, Ctrl-C, or nobody reads any more."""
        began = time.monotonic()
        live = Live(self._operator.settings)
        live.follow(self._serial)
        reading = asyncio.create_task(live.run())
        with _interrupts(self._write.stop):
            try:
                await self._follow(
                    live, reading, state, count, None if duration is None else began + duration
                )
            except BrokenPipeError:  # `| head` has seen enough
                return
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        self._say(
            self._tally.summary(
                self._serial, time.monotonic() - began, self._continuity, live.dropped, live.unreadable
            )
        )

    async def _follow(
        self,
        live: Live,
        reading: "asyncio.Task[None]",
        state: str | None,
        count: int | None,
        end: float | None,
    ) -> None:
        stop = self._write.stop
        heard = time.monotonic()
        said_state = None
        problem = live.problem
        if state != "AWAKE":
            said_state = state
            self._say(self._waiting_for(state))
        while not stop.is_set() and (end is None or time.monotonic() < end):
            await _either(live.changed, stop, timeout_s=_REFRESH_S)
            if reading.done():
                reading.result()  # RabbitMQ does not let us: CtlError
            batches = live.take()
            if live.problem != problem:
                problem = live.problem
                await self._connection(live)
            for received in batches:
                await self._batch(received)
                if count is not None and self._tally.batches >= count:
                    return
            if batches:
                heard, said_state = time.monotonic(), None
            elif time.monotonic() - heard > _SILENCE_S and live.problem is None:
                heard = time.monotonic()
                state = await asyncio.to_thread(self._state)
                if state not in ("AWAKE", said_state):
                    said_state = state
                    self._say(self._waiting_for(state))

    async def _connection(self, live: Live) -> None:
        """RabbitMQ was found, lost, or found again. StreamError where it was never found."""
        if live.problem is not None:
            if live.connections == 0:
                raise StreamError(live.problem)
            self._say(f"{live.problem}: trying again")
        elif live.connections > 1:
            self._say("RabbitMQ is back")
        elif self._form == "csv":
            await self._write(",".join(self._keys) + "\n")
        elif self._form == "auto":
            await self._heading()

    async def _batch(self, received: Received) -> None:
        said = self._continuity.seen(received.batch.session, received.batch.sequence)
        self._tally.add(received)
        rows = list(
            self._make(self._serial, received, self._channels if self._restricted else self._named(received))
        )
        if self._form == "json":
            await self._write(tail_rows.json_lines(rows))
        elif self._form == "csv":
            await self._write(tail_rows.csv_lines(self._keys, rows))
        if self._form != "auto":
            if said:
                self._say(said)
            return
        if said:
            await self._line(self._styled(f"-- {said}", "yellow"))
        for row in rows:
            await self._line(tail_rows.line(self._fields, row))

    def _named(self, received: Received) -> dict[int, Channel]:
        """All channels of the batch, also those that the birth did not speak of."""
        return {
            part.channel: self._channels.get(part.channel) or tail_rows.unnamed(part.channel)
            for part in received.batch.channels
        }

    async def _line(self, text: str) -> None:
        if self._screenful is not None and self._lines >= self._screenful:
            await self._heading()  # so that one is always in sight
        self._lines += 1
        await self._write(f"{text}\n")

    async def _heading(self) -> None:
        self._lines = 0
        await self._write(self._styled(tail_rows.heading(self._fields), "dim") + "\n")

    def _styled(self, text: str, style: str) -> str:
        if not self._operator.out.is_terminal:
            return text
        with self._operator.out.capture() as capture:
            self._operator.out.print(text, style=style, end="", soft_wrap=True, markup=False)
        return capture.get()

    def _state(self) -> str | None:
        """What the database knows of the sensor now; AWAKE where the database is away."""
        with contextlib.suppress(psycopg.Error), self._operator.database(statement_timeout_s=5) as database:
            row = database.execute(
                "SELECT state FROM sensor WHERE serial_number = %s", [self._serial]
            ).fetchone()
            return None if row is None else row["state"]
        return "AWAKE"

    def _waiting_for(self, state: str | None) -> str:
        if state == "ASLEEP":
            return f"{self._serial} is ASLEEP: waiting for it to measure (iotctl awake {self._serial})"
        if state == "OFFLINE":
            return f"{self._serial} is OFFLINE: waiting for it to come back"
        return f"{self._serial} has not said yet whether it measures: waiting for it"

    def _say(self, text: str) -> None:
        """To standard error, where it does not disturb what is read by programs."""
        state = next((word for word in STATE_STYLES if f" {word}" in text), "")
        self._operator.err.print(text, style=STATE_STYLES.get(state) or "dim", soft_wrap=True, markup=False)


class _Writer:
    """Standard output without ever being stuck in it: a pipe that nobody reads makes us wait, and Ctrl-C still ends."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        try:
            self._file = sys.stdout.fileno()
        except OSError:  # no real file, in tests
            self._file = -1

    async def __call__(self, text: str) -> None:
        """Write all, unless `stop` is set while nobody reads. BrokenPipeError where nobody ever will."""
        if self._file < 0:
            click.echo(text, nl=False)
            return
        data = memoryview(text.encode())
        while data:
            if select.select([], [self._file], [], 0)[1]:
                data = data[os.write(self._file, data[:_PIPE_BYTES]) :]
            elif self.stop.is_set():
                return
            else:
                await asyncio.sleep(0.01)


async def _either(first: asyncio.Event, second: asyncio.Event, *, timeout_s: float) -> None:
    waiting = [asyncio.ensure_future(first.wait()), asyncio.ensure_future(second.wait())]
    await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()


@contextlib.contextmanager
def _interrupts(stop: asyncio.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set the event."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop: Any = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
