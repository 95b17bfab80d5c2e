"""`iotctl analyse`: what a recording in a file says of a machine and its bearing, without any server."""

from pathlib import Path
from typing import Any, NamedTuple

import click

from ctl.context import Operator, object_option, pass_operator
from ctl.errors import USAGE, CtlError
from ctl.outfile import check, replacing
from ctl.output import print_object
from runtime import recordings
from runtime.numbers import Finite
from vibration import bearing as bearings

_SUFFIXES = (".png", ".svg", ".pdf")
_WIDTH, _HEIGHT = 1200, 1000


class _Pair(click.ParamType[tuple[float, float]]):
    """LOW-HIGH in Hz."""

    name = "band"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Two numbers; vibration.envelope.check_band says whether they make a band."""
        low, _, high = str(value).partition("-")
        try:
            return float(low), float(high)
        except ValueError:
            self.fail(f"{value!r} is no band: two frequencies in Hz, as in 2000-4000", param, ctx)


class Options(NamedTuple):
    """What was said on the command line beside the file."""

    channel: str | None
    sample_frequency_hz: float | None
    unit: str | None
    rpm: float | None
    bearing: bearings.Frequencies | None
    bearing_geometry: bearings.Frequencies | None
    band: tuple[float, float] | None
    group: int | None
    support: str | None
    power: float | None
    shaft_height: float | None


def _frequencies(_: click.Context, __: click.Parameter, value: str | None) -> bearings.Frequencies | None:
    try:
        return None if value is None else bearings.parse_frequencies(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _geometry(_: click.Context, __: click.Parameter, value: str | None) -> bearings.Frequencies | None:
    try:
        return None if value is None else bearings.parse_geometry(value).frequencies()
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


_POSITIVE = Finite(min=0, min_open=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--channel", metavar="NAME", help="Which one [default: the only one].")
@click.option(
    "--sample-frequency",
    "sample_frequency_hz",
    type=_POSITIVE,
    metavar="HZ",
    help="Of the recording [default: what the file says; .wav and exports do].",
)
@click.option("--unit", help="Of the samples: g, m/s², mm/s, µm … [default: what the file says; exports do].")
@click.option("--rpm", type=_POSITIVE, metavar="RPM", help="Speed of the shaft, to 1 % or so.")
@click.option(
    "--bearing",
    metavar="bpfi=,bpfo=,bsf=,ftf=",
    callback=_frequencies,
    help="The four frequencies, in multiples of the shaft's; wants --rpm.",
)
@click.option(
    "--bearing-geometry",
    metavar="rolling_elements=,element_diameter=,pitch_diameter=[,contact_angle=]",
    callback=_geometry,
    help="Or its geometry; the contact angle in degrees.",
)
@click.option(
    "--band",
    type=_Pair(),
    metavar="LOW-HIGH",
    help="Where the machine rings, in Hz [default: where spectral kurtosis is highest].",
)
@click.option("--group", type=click.IntRange(1, 2), help="Group of ISO 20816-3, for the zone.")
@click.option(
    "--support", type=click.Choice(["rigid", "flexible"]), help="The machine's foundation, for the zone."
)
@click.option("--power", type=_POSITIVE, metavar="KW", help="Rated power, for the zone.")
@click.option(
    "--shaft-height", type=_POSITIVE, metavar="MM", help="For the zone, where --power is not known."
)
@click.option(
    "--plot",
    "picture",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw waveform, spectrum and envelope spectrum: FILE.png, FILE.svg or FILE.pdf; replaces the file.",
)
@object_option
@pass_operator
def analyse(operator: Operator, /, file: Path, picture: Path | None, form: str, **chosen: Any) -> None:
    """Analyse a recording in a file: features, orders, zone and, with --bearing, which of its elements is damaged.

    The file is an .npz with one array a channel (as `iotctl export` writes), a .csv with a column a channel and a
    header line, or a .wav. No server is asked. docs/vibration.md explains every number.

    A bearing's diagnosis is the name of an element, none, or uncertain, with the lines that were found in the
    squared envelope spectrum.

    \b
    iotctl analyse pump.npz --rpm 1480
    iotctl analyse motor.wav --unit g --rpm 1480 --group 2 --support rigid --power 75
    iotctl analyse inner_race.npz --channel DE --sample-frequency 12000 --unit g --rpm 1797 \\
        --bearing bpfi=5.4152,bpfo=3.5848,bsf=2.3567,ftf=0.39828 --plot bearing.png --output json
    """
    options = Options(**chosen)
    if options.bearing and options.bearing_geometry:
        raise CtlError("give --bearing or --bearing-geometry, not both", USAGE)
    multiples = options.bearing or options.bearing_geometry
    if multiples and options.rpm is None:
        raise CtlError(
            "a bearing's frequencies are multiples of the shaft's: say its speed with --rpm", USAGE
        )
    suffix = None if picture is None else check(picture, _SUFFIXES, overwrite=True)
    # scipy is imported when it is known that there is something to do
    from ctl.analysis import Request, analysis, as_json, as_text
    from vibration.envelope import Band
    from vibration.signal import SignalError
    from vibration.units import UnitError
    from vibration.zones import Machine

    machine = Machine(options.group, options.support, options.power, options.rpm, options.shaft_height)
    request = Request(machine, multiples, None if options.band is None else Band(*options.band))
    label, waveform = _waveform(file, options)
    try:
        found = analysis(waveform, request)
    except (SignalError, UnitError) as error:
        raise CtlError(f"{file}, channel {label}: {error}", USAGE) from error
    if picture is not None and suffix is not None:
        from ctl.analysis_picture import drawing
        from ctl.pictures import save

        with replacing(picture) as target:
            save(drawing(f"{file.name} – {label}", waveform, found), target, suffix[1:], _WIDTH, _HEIGHT)
        click.echo(f"{picture}: drawn", err=True)
    if form == "json":
        print_object({"file": str(file), "channel": label, **as_json(found)}, console=operator.out)
    else:
        click.echo(f"{file}, channel {label}: {as_text(found)}")


def _waveform(file: Path, options: Options) -> tuple[str, Any]:
    """The channel's name and waveform. CtlError says which option is missing."""
    from vibration.signal import SignalError, Waveform
    from vibration.units import UnitError

    try:
        recording = recordings.read(file, [options.channel] if options.channel else [])
    except recordings.RecordingError as error:
        raise CtlError(str(error), USAGE) from error
    if len(recording.names) > 1:
        raise CtlError(
            f"{file} has the channels {', '.join(recording.names)}: choose one with --channel", USAGE
        )
    frequency_hz = options.sample_frequency_hz or recording.sample_frequency_hz
    if frequency_hz is None:
        raise CtlError(f"{file} does not say how often it was sampled: --sample-frequency HZ", USAGE)
    unit = options.unit or recording.unit
    if not unit:
        raise CtlError(f"{file} does not say what its samples are in: --unit g, m/s² or another", USAGE)
    try:
        waveform = Waveform(recording.samples[0], frequency_hz, unit, recording.start_time_ns or 0)
    except (SignalError, UnitError) as error:
        raise CtlError(f"{file}, channel {recording.names[0]}: {error}", USAGE) from error
    return recording.names[0], waveform
