"""`iotctl analyse`: a file in, a verdict with its evidence out, and errors that say what to do."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.io import wavfile

from ctl.cli import cli
from runtime import recordings
from tests.unit.bearing_simulator import RATE_HZ, machine
from vibration.evidence import Element

BEARING = ("--bearing", "bpfi=5.4152,bpfo=3.5848,bsf=2.3567,ftf=0.39828")
KNOWN = ("--sample-frequency", "12000", "--unit", "g", "--rpm", "1797")
SAMPLES = machine(Element.INNER_RACE, 0, 1).samples.astype(np.float32)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    np.savez(tmp_path / "motor.npz", DE=SAMPLES, FE=np.zeros_like(SAMPLES) + 1)
    return tmp_path / "motor.npz"


def analysed(path: Path, *options: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["analyse", str(path), *options, "--output", "json"])
    assert result.exit_code == 0, result.output
    shown: dict[str, Any] = json.loads(result.stdout)
    return shown


def refused(path: Path, *options: str) -> str:
    result = CliRunner().invoke(cli, ["analyse", str(path), *options])
    assert result.exit_code == 2, result.output
    return result.stderr


def test_json_has_verdict_evidence_features_and_orders_with_units(recording: Path) -> None:
    """Under keys that programs rely on."""
    shown = analysed(recording, "--channel", "DE", *KNOWN, *BEARING)
    bearing = shown["bearing"]
    assert bearing["verdict"] == "inner race"
    assert set(bearing["scores"]) == {"inner race", "outer race", "rolling element", "cage"}
    best = bearing["evidence"][0]
    assert best["element"] == "inner race"
    assert best["false_alarm_probability"] < 1e-6
    assert best["harmonics"][0]["found"]
    assert best["searched_hz"][0] < best["fundamental_hz"] < best["searched_hz"][1]
    assert len(best["sidebands"]) == 4
    rms = shown["features"]["rms"]
    assert rms["unit"] == "g"
    assert rms["value"] == pytest.approx(float(SAMPLES.std()), rel=1e-3)
    assert shown["features"]["velocity_rms"]["unit"] == "mm/s"
    assert shown["orders"]["speed_rpm"] == pytest.approx(1797, rel=2e-3)
    assert [order["multiple"] for order in shown["orders"]["orders"]] == [1, 2, 3]
    assert shown["zone"]["zone"] is None
    assert "support" in shown["zone"]["reason"]


def test_text_has_the_verdict_in_its_first_line(recording: Path) -> None:
    """For people: what is damaged, then why."""
    result = CliRunner().invoke(cli, ["analyse", str(recording), "--channel", "DE", *KNOWN, *BEARING])
    assert result.exit_code == 0, result.output
    first, *rest = result.stdout.splitlines()
    assert "INNER RACE DAMAGED" in first
    assert "no zone:" in rest[0]
    assert any(line.startswith("    harmonics") and "dB" in line for line in rest)


def test_geometry_gives_the_same_verdict_as_its_frequencies(recording: Path) -> None:
    """Of the bearing whose catalogue frequencies those are."""
    shown = analysed(
        recording, "--channel", "DE", *KNOWN, "--band", "2000-5500",
        "--bearing-geometry", "rolling_elements=9,element_diameter=7.94,pitch_diameter=39.04",
    )  # fmt: skip
    assert shown["bearing"]["verdict"] == "inner race"
    assert shown["bearing"]["evidence"][0]["band_hz"] == [2000, 5500]


def test_zone_is_judged_where_the_machine_is_known(recording: Path) -> None:
    """By group and support, or power; its limits are said."""
    shown = analysed(
        recording, "--channel", "DE", *KNOWN, "--group", "2", "--support", "rigid", "--power", "20"
    )
    assert shown["zone"]["zone"] in ("A", "B", "C", "D")
    assert shown["zone"]["limits_mm_s"] == [1.4, 2.8, 4.5]
    assert shown["bearing"] is None
    assert "--bearing" in shown["bearing_reason"]


def test_velocity_is_no_bearings_matter(recording: Path) -> None:
    """The verdict is left out, with the reason; all else is there."""
    shown = analysed(
        recording,
        "--channel",
        "DE",
        "--sample-frequency",
        "12000",
        "--unit",
        "mm/s",
        "--rpm",
        "1797",
        *BEARING,
    )
    assert shown["bearing"] is None
    assert "acceleration" in shown["bearing_reason"]


def test_wav_says_its_sample_frequency(tmp_path: Path) -> None:
    """Integers are -1 to 1; the verdict does not depend on that."""
    scaled = np.round(SAMPLES / np.abs(SAMPLES).max() * 32_767).astype(np.int16)
    wavfile.write(tmp_path / "motor.wav", int(RATE_HZ), scaled)
    shown = analysed(tmp_path / "motor.wav", "--unit", "g", "--rpm", "1797", *BEARING)
    assert shown["sample_frequency_hz"] == RATE_HZ
    assert shown["channel"] == "1"
    assert shown["features"]["rms"]["value"] == pytest.approx(scaled.std() / 32_768, rel=1e-3)
    assert shown["bearing"]["verdict"] == "inner race"


def test_export_says_unit_and_sample_frequency(tmp_path: Path) -> None:
    """What `iotctl export` writes into an .npz needs no options; times are no channel."""
    facts = {"unit": "g", "sample_frequency_hz": "12000.0"}
    np.savez(
        tmp_path / "out.npz",
        x=SAMPLES,
        x_time_ns=np.arange(len(SAMPLES)) + 1_700_000_000_000_000_000,
        metadata=np.array(json.dumps(facts)),
    )
    shown = analysed(tmp_path / "out.npz")
    assert (shown["unit"], shown["sample_frequency_hz"], shown["channel"]) == ("g", 12_000, "x")
    assert recordings.read(tmp_path / "out.npz").start_time_ns == 1_700_000_000_000_000_000


def test_csv_has_a_channel_for_each_column(tmp_path: Path) -> None:
    """With a header line."""
    target = tmp_path / "motor.csv"
    np.savetxt(target, SAMPLES[:12_000], header="x", comments="", fmt="%.6g")
    shown = analysed(target, *KNOWN)
    assert shown["samples"] == 12_000


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_plot_draws_waveform_spectrum_and_envelope(recording: Path, tmp_path: Path, suffix: str) -> None:
    """With the bearing's lines, named."""
    target = tmp_path / f"out.{suffix}"
    analysed(recording, "--channel", "DE", *KNOWN, *BEARING, "--plot", str(target))
    content = target.read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix])
    if suffix == "svg":
        text = content.decode()
        for expected in (
            "1× inner race",
            "modulation depth",
            "acceleration (g)",
            "amplitude (g)",
            "time (s)",
        ):
            assert f">{expected}<" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*KNOWN,), "the channels DE, FE: choose one with --channel"),
        (("--channel", "x", *KNOWN), "has the channels DE, FE, not x"),
        (("--channel", "DE", "--unit", "g"), "--sample-frequency"),
        (("--channel", "DE", "--sample-frequency", "12000"), "--unit"),
        (("--channel", "DE", "--sample-frequency", "12000", "--unit", "G"), "'G' is unknown"),
        (("--channel", "DE", "--sample-frequency", "12000", "--unit", "g", *BEARING), "--rpm"),
        (("--channel", "DE", *KNOWN, "--bearing", "bpfi=5"), "bpfo, bsf, ftf is missing"),
        (
            ("--channel", "DE", *KNOWN, *BEARING, "--bearing-geometry",
             "rolling_elements=9,element_diameter=7.94,pitch_diameter=39.04"),
            "not both",
        ),
        (("--channel", "DE", *KNOWN, *BEARING, "--band", "2000"), "no band"),
        (("--channel", "DE", *KNOWN, *BEARING, "--band", "2000-9000"), "half the sample frequency"),
        (("--channel", "DE", *KNOWN, "--plot", "out.gif"), ".png"),
    ],
)  # fmt: skip
def test_wrong_options_are_refused_with_what_to_do(
    recording: Path, options: tuple[str, ...], said: str
) -> None:
    """Exit code 2, and one sentence."""
    assert said in refused(recording, *options)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("r.mat", b"x", "a recording is an .npz, a .csv or a .wav"),
        ("r.npz", b"no archive", "r.npz"),
        ("r.wav", b"RIFFxxxx", "r.wav"),
        ("r.csv", b"x\n1\nnan\n", "NaN"),
        ("r.csv", b"x\n1\n", "at least 2"),
    ],
)
def test_file_that_is_no_recording_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """In a sentence, without a traceback."""
    (tmp_path / name).write_bytes(content)
    assert said in refused(tmp_path / name, *KNOWN)


def test_short_recording_has_features_and_says_what_a_bearing_needs(tmp_path: Path) -> None:
    """Without --bearing it is analysed; with it, the error says how long it has to be."""
    buffer = io.BytesIO()
    np.savez(buffer, x=SAMPLES[:6_000])
    (tmp_path / "short.npz").write_bytes(buffer.getvalue())
    assert analysed(tmp_path / "short.npz", *KNOWN)["features"]["kurtosis"]["unit"] == "1"
    assert "40 or more" in refused(tmp_path / "short.npz", *KNOWN, *BEARING)
