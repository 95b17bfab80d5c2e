"""`iotctl export`: a sensor's samples to a file, in constant memory."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import click
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ctl.context import Operator, pass_operator
from ctl.durations import show_duration
from ctl.errors import USAGE, CtlError
from ctl.outfile import check, replacing
from ctl.samples import Reader, blocks, reader
from ctl.select import serial_argument
from ctl.window import Chosen, Wanted, choose, labels, window_options

SUFFIXES = (".parquet", ".csv", ".npz")


@click.command()
@serial_argument
@window_options
@click.option(
    "-o",
    "--output",
    "output",
    required=True,
    metavar="FILE",
    help="Where to: FILE.parquet, FILE.csv or FILE.npz; - is CSV to standard output.",
)
@click.option("--force", is_flag=True, help="Replace the file where it exists.")
@pass_operator
def export(operator: Operator, /, serial: str, output: str, force: bool, **chosen: Any) -> None:
    """Write a sensor's samples to a Parquet, CSV or NumPy file: every value bit by bit, every time to the nanosecond.

    Memory stays the same however many they are. The file gets its name when it is complete; until then, and where
    the export is interrupted, there is none. Samples are in order of channel, then time.

    \b
    .parquet  time (timestamp[ns, UTC]), serial_number, channel, value (float32);
              the metadata says unit, sample frequency and window
    .csv      time_ns, time (ISO 8601), serial_number, channel, value
    .npz      for each channel NAME (float32) and NAME_time_ns (int64), and metadata (JSON):
              np.load("out.npz")["x"]

    \b
    iotctl export pump-0002 --last 10m -o pump.parquet
    iotctl export pump-0002 --from 2026-03-01 --to 2026-03-02 --channel x --channel y -o march-1.npz
    iotctl export pump-0002 --from 2h --to 1h -o - | gzip > pump.csv.gz
    """
    path = None if output == "-" else Path(output)
    suffix = ".csv" if path is None else check(path, SUFFIXES, overwrite=force)
    with reader(operator, serial) as source:
        found = choose(source, Wanted(**chosen), default_last_s=None)
        if path is None:
            _write(operator, source, found, suffix, sys.stdout.buffer, Path())
            return
        with replacing(path) as file:
            said = _write(operator, source, found, suffix, file, path.parent)
    click.echo(f"{path}: {said}", err=True)


def _write(
    operator: Operator, source: Reader, found: Chosen, suffix: str, file: IO[bytes], folder: Path
) -> str:
    """All samples; what was done, in words."""
    from ctl.writers import Header, Series, make_writer

    frequencies = [[content.sample_frequency_hz for content in found.of(one)] for one in found.channels]
    series = [Series(*one) for one in zip(found.channels, labels(found.channels), frequencies, strict=True)]
    serial = source.sensor["serial_number"]
    total = sum(found.samples(channel) for channel in found.channels)
    writer = make_writer(suffix, file, Header(serial, found.window, series), folder)
    begun, written = time.monotonic(), 0
    with closing(writer), _progress(operator, serial, total) as advance:
        for number, one in enumerate(series):
            batches = source.batches(found.window, one.channel.number, found.longest(one.channel))
            for block in blocks(batches):
                writer.add(number, block)
                written += len(block.values)
                advance(written, writer.size())
        if not written:
            raise CtlError(f"{serial} has no sample in that window, though a batch reaches over it", USAGE)
        writer.finish()
        size = writer.size()
    took = show_duration(time.monotonic() - begun)
    return f"{written:,} samples of {serial} ({', '.join(one.label for one in series)}), {decimal(size)} in {took}"


class _Samples(ProgressColumn):
    """Samples of how many, bytes, and samples a second."""

    def render(self, task: Task) -> Text:
        """As "12,500,000 of 100,000,000 samples  61.0 MB  9.8 M samples/s"."""
        text = f"{int(task.completed):,} of {int(task.total or 0):,} samples  {decimal(task.fields['size'])}"
        if task.speed is None:
            return Text(text)
        rate = f"{task.speed / 1e6:.1f} M" if task.speed >= 1e5 else f"{task.speed:,.0f}"
        return Text(f"{text}  {rate} samples/s")


@contextmanager
def _progress(operator: Operator, serial: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Samples and bytes written go in; a bar comes out, on standard error where that is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), _Samples(), TimeRemainingColumn())
    terminal = operator.err.is_terminal
    with Progress(*columns, console=operator.err, transient=True, disable=not terminal) as progress:
        task = progress.add_task(serial, total=total, size=0)
        yield lambda written, size: progress.update(task, completed=written, size=size)
