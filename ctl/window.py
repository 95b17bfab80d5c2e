"""Which samples a command is about: --from, --to, --last and --channel, and what they mean for one sensor."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import click

from ctl.durations import DURATION, MOMENT
from ctl.errors import USAGE, CtlError
from ctl.samples import Channel, Content, Reader, Window, to_moment, to_ns
from ctl.select import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])


class Wanted(NamedTuple):
    """What was said on the command line."""

    begin: datetime | None = None
    end: datetime | None = None
    last_s: float | None = None
    channels: tuple[str, ...] = ()


class Chosen(NamedTuple):
    """The channels that hold samples in the window, and how many."""

    window: Window
    channels: list[Channel]
    contents: list[Content]

    def of(self, channel: Channel) -> list[Content]:
        """Its contents, a sample frequency each."""
        return [content for content in self.contents if content.channel == channel.number]

    def samples(self, channel: Channel) -> int:
        """How many, or a few more: batches at the ends are counted whole."""
        return sum(content.samples for content in self.of(channel))

    def longest(self, channel: Channel) -> int:
        """Samples of its longest batch."""
        return max((content.longest for content in self.of(channel)), default=0)


def window_options(command: F) -> F:
    """--from, --to, --last, --channel; the command gets them as begin, end, last_s, channels."""
    for decorator in reversed(
        (
            click.option(
                "--last", "last_s", type=DURATION, metavar="DURATION",
                help="So much before the sensor's newest sample (or before --to): 500ms, 10s, 2h.",
            ),
            click.option(
                "--from", "begin", type=MOMENT, metavar="TIME",
                help="From this time: 2026-03-01T12:00:00Z, 2026-03-01 (local time), or 10m (ago).",
            ),
            click.option(
                "--to", "end", type=MOMENT, metavar="TIME", help="Until just before this time [default: with the newest sample]."
            ),
            click.option(
                "--channel", "channels", multiple=True, metavar="NAME",
                help="A channel's name or number; may be given several times [default: all].",
            ),
        )
    ):  # fmt: skip
        command = decorator(command)
    return command


def choose(reader: Reader, wanted: Wanted, *, default_last_s: float | None) -> Chosen:
    """What is meant. CtlError where that is contradictory, unknown or empty; it says what there is."""
    if wanted.begin is not None and wanted.last_s is not None:
        raise CtlError("--from and --last exclude each other: --last 10s --to …, or --from … --to …", USAGE)
    last_s = wanted.last_s
    if wanted.begin is None and last_s is None:
        if default_last_s is None or wanted.end is not None:
            raise CtlError("since when? --last 10m, or --from … --to …", USAGE)
        last_s = default_last_s
    if last_s is not None and not last_s > 0:
        raise CtlError("--last has to be longer than nothing, as in --last 10s", USAGE)
    if wanted.begin is not None and wanted.end is not None and wanted.begin >= wanted.end:
        raise CtlError(f"--from {show(wanted.begin)} is not before --to {show(wanted.end)}", USAGE)
    named = [_named(reader, text) for text in wanted.channels]
    newest_ns = _newest(reader, named or reader.known)
    window = _window(wanted, last_s, newest_ns)
    channels = list(dict.fromkeys(named)) or _all(reader, window)
    contents = reader.contents(window, [channel.number for channel in channels])
    held = {content.channel for content in contents}
    found = [channel for channel in channels if channel.number in held]
    if not found:
        raise CtlError(_nothing(reader, channels if named else [], window, newest_ns), USAGE)
    return Chosen(window, found, contents)


def labels(channels: Sequence[Channel]) -> list[str]:
    """A name for each channel: its own, with its number where two share one, and its number where it has none."""
    names = [channel.name for channel in channels]
    return [
        channel.name if channel.name and names.count(channel.name) == 1
        else f"{channel.name or 'channel'}_{channel.number}"
        for channel in channels
    ]  # fmt: skip


def show(moment: datetime) -> str:
    """Local time with its zone."""
    local = moment.astimezone()
    digits = "milliseconds" if local.microsecond else "seconds"
    return f"{local.replace(tzinfo=None).isoformat(' ', digits)} {local.tzname()}"


def _window(wanted: Wanted, last_s: float | None, newest_ns: int) -> Window:
    if last_s is None:
        assert wanted.begin is not None
        end = wanted.end
        # samples may be a little ahead of this clock; without --to nothing is left out
        return Window(to_ns(wanted.begin), to_ns(end) if end else max(newest_ns + 1, to_ns(wanted.begin) + 1))
    to = newest_ns + 1 if wanted.end is None else to_ns(wanted.end)
    return Window(max(to - round(last_s * 1e9), 0), to)


def _named(reader: Reader, text: str) -> Channel:
    by_name = [channel for channel in reader.known if channel.name == text]
    by_number = [channel for channel in reader.known if text == str(channel.number)]
    if len(by_name) > 1:
        numbers = ", ".join(str(channel.number) for channel in by_name)
        raise CtlError(f"several channels have the name {text!r}: choose by number ({numbers})", USAGE)
    if by_name or by_number:
        return (by_name or by_number)[0]
    if not reader.known and text.isdecimal() and int(text) <= 32_767:
        return Channel(int(text), "")  # its birth is not known, so anything may be right
    known = [channel.name for channel in reader.known]
    said = ", ".join(f"{channel.name} ({channel.number})" for channel in reader.known) or "by number only"
    raise CtlError(
        f"{reader.sensor['serial_number']} has no channel {text!r}{did_you_mean(text, known)} (known: {said})",
        USAGE,
    )


def _newest(reader: Reader, channels: Sequence[Channel]) -> int:
    numbers = [channel.number for channel in channels] or list(
        range(16)
    )  # no birth: most sensors count from 0
    newest_ns = reader.newest_ns(numbers)
    if newest_ns is None:
        of = f" of channel {channels[0].name or channels[0].number}" if len(channels) == 1 else ""
        raise CtlError(f"{reader.sensor['serial_number']} has measured nothing{of} yet", USAGE)
    return newest_ns


def _all(reader: Reader, window: Window) -> list[Channel]:
    known = {channel.number: channel for channel in reader.known}
    return [known.get(number, Channel(number, "")) for number in reader.measured(window)]


def _nothing(reader: Reader, named: Sequence[Channel], window: Window, newest_ns: int) -> str:
    serial = reader.sensor["serial_number"]
    of = f" of channel {' or '.join(labels(named))}" if named else ""
    return (
        f"{serial} has no samples{of} from {show(to_moment(window.from_ns))} to {show(to_moment(window.to_ns))}; "
        f"its newest is of {show(to_moment(newest_ns))}"
    )
