"""Which element of a rolling bearing is damaged, from a vibration; or that one cannot know. Pure.

The rule comes from how a fault strikes and from what noise does; docs/vibration.md derives its few numbers
and says how they were chosen.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from vibration import combs
from vibration.bearing import Frequencies
from vibration.envelope import (
    Band,
    EnvelopeSpectrum,
    KurtosisBand,
    check_band,
    envelope,
    kurtogram,
    of_envelope,
    prewhitened,
)
from vibration.evidence import HARMONICS, Element, Evidence, Setting, weigh
from vibration.shaft import Speed, shaft_speed
from vibration.signal import SignalError, TooFewError, Waveform

LEAST_REVOLUTIONS: Final = 40.0
_REVOLUTIONS: Final = 90.0  # of one transform: an order's line then takes 1/22 of the shaft's frequency
_AVERAGED: Final = 4  # transforms at least; with fewer revolutions they are shorter
SLIP: Final = 0.02  # rolling elements slip: fault frequencies are up to 2 % from the geometry's
_SPEED_UNKNOWN: Final = 0.01  # more, where the speed is only the name plate's
# Suspected: rare by chance, which a single line seldom is, and deeper than what a healthy bearing's elements do as they
# pass the load
SUSPECT_CHANCE: Final = 1e-3
SUSPECT_DEPTH: Final = 0.05


class Verdict(StrEnum):
    """What the diagnosis says: an element's name, or that."""

    INNER_RACE = "inner race"
    OUTER_RACE = "outer race"
    ROLLING_ELEMENT = "rolling element"
    CAGE = "cage"
    NONE = "none"
    UNCERTAIN = "uncertain"


class Diagnosis(NamedTuple):
    """The verdict, in one sentence and with what it rests on."""

    verdict: Verdict
    reason: str
    score: float  # 0 to 1: of the likeliest element, or that there is none
    evidence: tuple[
        Evidence, ...
    ]  # one for each element, of the band where it is clearest; highest score first
    speed: Speed
    bands: tuple[KurtosisBand, ...]  # looked at
    spectrum: EnvelopeSpectrum  # of the likeliest element's band

    @property
    def scores(self) -> dict[Element, float]:
        """Of each element."""
        return {one.element: one.score for one in self.evidence}


def diagnose(
    waveform: Waveform, speed_rpm: float, bearing: Frequencies, band: Band | None = None
) -> Diagnosis:
    """The diagnosis of one bearing from an acceleration.

    speed_rpm: the shaft's, to 1 % or so. bearing: in multiples of the shaft's frequency. band: where the machine rings,
    in Hz; without it, for each width of band the one of the highest spectral kurtosis is looked at. TooFewError below
    40 revolutions; SignalError where the sample frequency is too low for the fault frequencies, or for values that
    cannot be.
    """
    if not speed_rpm > 0:
        raise SignalError(f"a speed of {speed_rpm:g} rpm: above 0")
    rate, nominal_hz = waveform.sample_frequency_hz, speed_rpm / 60
    revolutions = waveform.duration_s * nominal_hz
    if revolutions < LEAST_REVOLUTIONS:
        raise TooFewError(
            f"{waveform.duration_s:.3g} s are {revolutions:.3g} revolutions: a bearing's diagnosis needs "
            f"{LEAST_REVOLUTIONS:g} or more, so {LEAST_REVOLUTIONS / nominal_hz:.3g} s"
        )
    highest_hz = bearing.bpfi * nominal_hz
    if check_band(band, rate).width_hz < 2 * highest_hz:
        raise SignalError(
            f"the band is {check_band(band, rate).width_hz:g} Hz wide, and envelopes change no faster: lines at "
            f"{highest_hz:.4g} Hz and twice that need {2 * highest_hz:.4g} Hz, "
            f"and a sample frequency of {4 * highest_hz:.4g} Hz"
        )
    speed = shaft_speed(waveform, speed_rpm)
    white = prewhitened(waveform.samples, rate)
    bands = [KurtosisBand(band, 0.0)] if band else kurtogram(white, rate, HARMONICS * highest_hz)
    resolution_hz = nominal_hz / min(_REVOLUTIONS, 2 * revolutions / (_AVERAGED + 1))
    tolerance = SLIP + (0.0 if speed.measured else _SPEED_UNKNOWN)
    setting = Setting(bearing, speed.frequency_hz, speed.measured, tolerance, len(bands))
    found: dict[Element, Evidence] = {}
    spectra: dict[Band, EnvelopeSpectrum] = {}
    for one in bands:
        spectrum = of_envelope(envelope(white, rate, one.band), rate, resolution_hz, one.band)
        spectra[one.band] = spectrum
        for what in weigh(_lines(spectrum, speed, 3 * HARMONICS * highest_hz), one.band, setting):
            if what.element not in found or _better(what, found[what.element]):
                found[what.element] = what
    ranked = tuple(sorted(found.values(), key=lambda what: -what.score))
    verdict, reason = _decide(ranked)
    score = 1 - ranked[0].score if verdict is Verdict.NONE else ranked[0].score
    return Diagnosis(verdict, reason, score, ranked, speed, tuple(bands), spectra[ranked[0].band])


def _lines(spectrum: EnvelopeSpectrum, speed: Speed, top_hz: float) -> combs.Lines:
    kept = spectrum.frequencies_hz <= min(top_hz, spectrum.band.width_hz)
    return combs.lines(
        spectrum.frequencies_hz[kept],
        spectrum.depths[kept],
        spectrum.segments,
        around_hz=4 * speed.frequency_hz,
    )


def _better(one: Evidence, other: Evidence) -> bool:
    """The one that is nearer to certainty; of two alike, the deeper one."""
    return (round(one.score, 2), one.depth) > (round(other.score, 2), other.depth)


def _decide(ranked: tuple[Evidence, ...]) -> tuple[Verdict, str]:
    suspects = [one for one in ranked if one.chance <= SUSPECT_CHANCE and one.depth >= SUSPECT_DEPTH]
    if not suspects:
        return Verdict.NONE, "no lines at a fault frequency that noise or a healthy bearing would not make"
    best = suspects[0]
    if best.missing:
        names = " or the ".join(one.element for one in suspects)
        return Verdict.UNCERTAIN, f"perhaps the {names}; but {'; '.join(best.missing)}"
    return Verdict(best.element.value), (
        f"{best.found} lines of the {best.element} at multiples of {best.fundamental_hz:.4g} Hz, up to "
        f"{max(line.snr_db for line in best.harmonics):.0f} dB above the noise"
    )
