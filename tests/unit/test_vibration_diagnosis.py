"""Which element is damaged: machines whose state is known, healthy ones, such as look like a fault, and recordings."""

from pathlib import Path

import numpy as np
import pytest

from runtime import recordings
from tests.unit.bearing_simulator import RATE_HZ, SHAFT_HZ, SKF_6205, machine, ring, strikes, tones
from vibration.bearing import Frequencies
from vibration.diagnosis import Diagnosis, Verdict, diagnose
from vibration.envelope import Band
from vibration.evidence import Element
from vibration.signal import SignalError, TooFewError, Waveform

RPM = SHAFT_HZ * 60
RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cwru"
SKF_6203 = Frequencies(bpfi=4.9469, bpfo=3.0530, bsf=1.9937, ftf=0.3817)  # the rig's other bearing


def judged(waveform: Waveform, rpm: float = RPM) -> Diagnosis:
    return diagnose(waveform, rpm, SKF_6205)


@pytest.mark.parametrize("snr_db", [-10, -5, 0, 5, 10])
@pytest.mark.parametrize("element", list(Element))
def test_fault_is_named_or_uncertain_and_never_another_one(element: Element, snr_db: float) -> None:
    """From -10 dB on, with slip of 0.5 to 2 %, geometry and speed off by 1 %; above -10 dB most are named."""
    verdicts = []
    for seed in range(3):
        random = np.random.default_rng([seed, 7])
        waveform = machine(
            element,
            snr_db,
            seed,
            shaft_hz=SHAFT_HZ * (1 + random.uniform(-0.01, 0.01)),
            slip=random.uniform(0.005, 0.02),
        )
        verdicts.append(judged(waveform).verdict)
    assert set(verdicts) <= {Verdict(element.value), Verdict.UNCERTAIN}
    if snr_db > -10:
        assert verdicts.count(Verdict(element.value)) >= 2


@pytest.mark.parametrize("element", list(Element))
def test_weak_fault_is_never_another_one(element: Element) -> None:
    """At -20 dB nothing may be found, but nothing wrong either."""
    for seed in range(3):
        assert judged(machine(element, -20, seed)).verdict in (
            Verdict(element.value),
            Verdict.UNCERTAIN,
            Verdict.NONE,
        )


def test_healthy_machine_has_no_fault() -> None:
    """Unbalance, misalignment, a modulated gear, the mains and noise; score near 1."""
    for seed in range(8):
        found = judged(machine(None, 0, seed))
        assert found.verdict is Verdict.NONE, found.reason
        assert found.score > 0.5


def test_noise_has_no_fault() -> None:
    """No alarm in 40 recordings of nothing; docs/vibration.md has the rate of thousands."""
    random = np.random.default_rng(5)
    verdicts = [judged(Waveform(random.standard_normal(24_000), RATE_HZ, "g")).verdict for _ in range(40)]
    assert verdicts.count(Verdict.NONE) >= 39
    assert set(verdicts) <= {Verdict.NONE, Verdict.UNCERTAIN}


@pytest.mark.parametrize("step", [0.5, 1.0])
def test_looseness_is_no_fault_of_the_bearing(step: float) -> None:
    """Many orders and half orders, and impacts at them; 3.5 and 5.5 are within 2 % of BPFO and BPFI or nearly so."""
    for seed in range(4):
        random = np.random.default_rng(seed)
        count = 48_000
        rate_hz = SHAFT_HZ * step
        time = np.arange(count) / RATE_HZ
        at = np.arange(1, int(count / RATE_HZ * rate_hz)) / rate_hz
        samples = 0.5 * random.standard_normal(count)
        samples += ring(at, 3 + 0.6 * random.standard_normal(len(at)), count, random.uniform(1_000, 4_000))
        for n in range(1, 25):
            samples += random.uniform(0.2, 1) * np.sin(2 * np.pi * n * rate_hz * time + random.uniform(0, 6))
        found = judged(Waveform(samples, RATE_HZ, "g"))
        assert found.verdict is Verdict.NONE, found.reason


def test_knocks_at_random_are_no_fault_of_the_bearing() -> None:
    """A few, and hundreds, some much stronger than the rest."""
    for seed, knocks in enumerate((1, 2, 5, 20, 100, 400)):
        random = np.random.default_rng(seed)
        count = 48_000
        samples = random.standard_normal(count) + tones(count, SHAFT_HZ, random)
        at = np.sort(random.uniform(0, count / RATE_HZ, knocks))
        samples += ring(at, random.exponential(10, knocks), count, random.uniform(1_000, 5_000))
        found = judged(Waveform(samples, RATE_HZ, "g"))
        assert found.verdict is Verdict.NONE, found.reason


@pytest.mark.parametrize("multiple", [2.9, 4.2, 6.13])
def test_impulses_of_something_else_are_not_named(multiple: float) -> None:
    """Another machine's, at a frequency that is none of this bearing's: the deepest lines are unexplained."""
    random = np.random.default_rng(6)
    count = 48_000
    at = np.cumsum((1 + 0.01 * random.standard_normal(1_000)) / (multiple * SHAFT_HZ))
    at = at[at < count / RATE_HZ]
    samples = random.standard_normal(count) + tones(count, SHAFT_HZ, random)
    samples += 4 * ring(at, np.ones(len(at)), count, 3_000.0)
    assert judged(Waveform(samples, RATE_HZ, "g")).verdict in (Verdict.NONE, Verdict.UNCERTAIN)


def test_two_faults_at_once_are_not_called_healthy() -> None:
    """One of them is named, or they are uncertain."""
    random = np.random.default_rng(8)
    count = 48_000
    samples = random.standard_normal(count) + tones(count, SHAFT_HZ, random)
    for element in (Element.INNER_RACE, Element.OUTER_RACE):
        samples += 4 * strikes(element, count, SHAFT_HZ, 0.01, random)
    found = judged(Waveform(samples, RATE_HZ, "g"))
    assert found.verdict in (Verdict.INNER_RACE, Verdict.OUTER_RACE, Verdict.UNCERTAIN)


def test_speed_is_measured_where_orders_are_clear_and_taken_as_given_elsewhere() -> None:
    """1 % off, to a thousandth; and the fault is named either way."""
    shaft_hz = SHAFT_HZ * 1.01
    found = judged(machine(Element.INNER_RACE, 0, 1, shaft_hz=shaft_hz))
    assert found.speed.measured
    assert found.speed.frequency_hz == pytest.approx(shaft_hz, rel=1e-3)
    random = np.random.default_rng(9)
    fault = strikes(Element.INNER_RACE, 96_000, shaft_hz, 0.01, random)
    found = judged(Waveform(random.standard_normal(96_000) + 4 * fault, RATE_HZ, "g"))
    assert not found.speed.measured
    assert found.verdict is Verdict.INNER_RACE


def test_evidence_says_what_was_found_and_where() -> None:
    """Harmonics within the tolerance and above the noise, the shaft's sidebands, the band with the resonance."""
    found = judged(machine(Element.INNER_RACE, 0, 2))
    best = found.evidence[0]
    assert best.element is Element.INNER_RACE
    assert best.missing == ()
    assert best.searched_hz[0] <= best.fundamental_hz <= best.searched_hz[1]
    assert [line.frequency_hz for line in best.harmonics] == pytest.approx(
        [best.fundamental_hz * n for n in (1, 2, 3, 4)]
    )
    assert sum(line.found and line.snr_db > 6 for line in best.harmonics) >= 3
    assert [line.frequency_hz for line in best.sidebands[:2]] == pytest.approx(
        [best.fundamental_hz - found.speed.frequency_hz, best.fundamental_hz + found.speed.frequency_hz]
    )
    assert all(line.found for line in best.sidebands[:2])
    assert best.chance < 1e-6
    assert found.spectrum.band == best.band
    assert [one.element for one in found.evidence[1:]] != [best.element]
    assert 0 <= found.evidence[-1].score <= found.score <= 1


def test_given_band_is_the_one_that_is_looked_at() -> None:
    """A fault that rings elsewhere is not seen there."""
    waveform = machine(Element.OUTER_RACE, 0, 3)
    found = diagnose(waveform, RPM, SKF_6205, Band(2_000, 5_000))
    assert [one.band for one in found.bands] == [Band(2_000, 5_000)]
    assert found.verdict is Verdict.OUTER_RACE


def test_amplitude_and_offset_do_not_matter() -> None:
    """A verdict is about shape: the same in any unit of acceleration."""
    waveform = machine(Element.OUTER_RACE, -5, 4)
    other = Waveform(waveform.samples * 9.80665 + 3, RATE_HZ, "m/s²")
    one, two = judged(waveform), judged(other)
    assert one.verdict == two.verdict
    assert one.score == pytest.approx(two.score, abs=1e-3)


def test_samples_that_do_not_change_have_no_fault() -> None:
    """A sensor that is stuck."""
    assert judged(Waveform(np.full(48_000, 0.3), RATE_HZ, "g")).verdict is Verdict.NONE


def test_what_cannot_be_judged_is_refused_with_what_it_takes() -> None:
    """Too short, too slowly sampled, no speed, a band that is too narrow."""
    noise = np.random.default_rng(1).standard_normal(24_000)
    with pytest.raises(TooFewError, match=r"40 or more, so 1\.3"):
        judged(Waveform(noise[:12_000], RATE_HZ, "g"))
    with pytest.raises(SignalError, match=r"a sample frequency of 648\.7"):
        judged(Waveform(noise, 500.0, "g"))
    with pytest.raises(SignalError, match="0 rpm"):
        judged(Waveform(noise, RATE_HZ, "g"), 0.0)
    with pytest.raises(SignalError, match="100 Hz wide"):
        diagnose(Waveform(noise, RATE_HZ, "g"), RPM, SKF_6205, Band(1_000, 1_100))


def recorded(name: str, element: Element | None) -> Waveform:
    """Of the drive end, in g; a simulated machine of that state where recordings are not beside the checkout."""
    path = RECORDINGS / f"{name}.npz"
    if not path.exists():
        return machine(element, 0 if element is not Element.ROLLING_ELEMENT else -12, 1)
    return Waveform(recordings.read(path, ["DE"]).samples[0], RATE_HZ, "g")


@pytest.mark.parametrize(
    ("name", "element"), [("inner_race_007", Element.INNER_RACE), ("outer_race_007", Element.OUTER_RACE)]
)
def test_recorded_race_faults_are_named_and_by_the_other_bearing_are_not(name: str, element: Element) -> None:
    """In the whole of ten seconds, and in each half; the same lines are none of another bearing's."""
    waveform = recorded(name, element)
    half = len(waveform) // 2
    for part in (waveform.samples, waveform.samples[:half], waveform.samples[half:]):
        assert judged(Waveform(part, RATE_HZ, "g"), 1797).verdict.value == element.value
    assert diagnose(waveform, 1797, SKF_6203).verdict in (Verdict.NONE, Verdict.UNCERTAIN)


def test_recorded_ball_fault_is_named_or_uncertain() -> None:
    """Hard by the literature: the recording's clearest lines are an outer race's."""
    found = judged(recorded("ball_007", Element.ROLLING_ELEMENT), 1797)
    assert found.verdict in (Verdict.ROLLING_ELEMENT, Verdict.UNCERTAIN)
    assert found.scores[Element.ROLLING_ELEMENT] > 0


@pytest.mark.parametrize("rate_hz", [12_000.0, 48_000.0])
def test_recorded_healthy_bearing_has_no_fault(rate_hz: float) -> None:
    """At either of the sample frequencies that are published for it, by either bearing."""
    waveform = Waveform(recorded("normal", None).samples, rate_hz, "g")
    for bearing in (SKF_6205, SKF_6203):
        assert diagnose(waveform, 1797, bearing).verdict is Verdict.NONE
