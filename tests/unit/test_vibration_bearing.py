"""Fault frequencies of rolling bearings, against published tables."""

import pytest

from vibration import bearing


def test_geometry_of_a_known_bearing_gives_its_published_frequencies() -> None:
    """SKF 6205: the frequencies that Case Western Reserve University's bearing data center prints."""
    geometry = bearing.parse_geometry("rolling_elements=9,element_diameter=7.94,pitch_diameter=39.04")
    frequencies = geometry.frequencies()
    assert frequencies.bpfi == pytest.approx(5.4152, abs=1e-3)
    assert frequencies.bpfo == pytest.approx(3.5848, abs=1e-3)
    assert frequencies.bsf * 2 == pytest.approx(4.7135, abs=1e-3)  # they print strikes of the rolling element
    assert frequencies.ftf == pytest.approx(0.39828, abs=1e-3)


def test_frequencies_sum_to_the_number_of_rolling_elements_at_any_contact_angle() -> None:
    """BPFI + BPFO = n, and BPFO = n · FTF."""
    for angle in (0, 15, 40):
        frequencies = bearing.Geometry(16, 8.4, 71.5, angle).frequencies()
        assert frequencies.bpfi + frequencies.bpfo == pytest.approx(16)
        assert frequencies.bpfo == pytest.approx(16 * frequencies.ftf)


def test_at_multiplies_by_the_shaft_frequency_in_hz() -> None:
    """1797 rpm are 29.95 Hz."""
    hertz = bearing.Frequencies(5.4152, 3.5848, 2.3567, 0.39828).at(1797)
    assert hertz.bpfi == pytest.approx(162.185, abs=1e-3)


def test_what_is_kept_reads_back_as_the_same_frequencies() -> None:
    """Either form, from the JSON that the database keeps."""
    geometry = bearing.Geometry(9, 7.94, 39.04, 10.0)
    assert bearing.frequencies_of(bearing.to_json(geometry)) == geometry.frequencies()
    frequencies = bearing.Frequencies(5.4, 3.6, 2.3, 0.4)
    assert bearing.frequencies_of(bearing.to_json(frequencies)) == frequencies


@pytest.mark.parametrize(
    "kept", [None, {}, {"geometry": {}}, {"geometry": None}, {"frequencies": {"bpfi": "x"}}, {"other": 1}]
)
def test_what_another_program_wrote_is_no_frequencies_and_no_error(kept: dict[str, object] | None) -> None:
    """The column is JSON: a list of targets must not fail for one of them."""
    assert bearing.frequencies_of(kept) is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("bpfi=5.4,bpfo=3.6,bsf=2.3", "ftf is missing"),
        ("bpfi=5.4,bpfo=3.6,bsf=2.3,ftf=0.4,bpfi=1", "bpfi comes twice"),
        ("bpfi=3.6,bpfo=5.4,bsf=2.3,ftf=0.4", "swapped"),
        ("bpfi=5.4,bpfo=3.6,bsf=2.3,ftf=1.4", "ftf is 1.4"),
        ("bpfi=5.4,bpfo=0,bsf=2.3,ftf=0.4", "bpfo is 0"),
        ("bpfi=5.4,bpfo=nan,bsf=2.3,ftf=0.4", "no number"),
        ("bpfi=5.4,bpfo=1e999,bsf=2.3,ftf=0.4", "no number"),
        ("speed=5", "'speed=5' is none of"),
        ("", "is none of"),
    ],
)
def test_parse_frequencies_refuses_what_no_bearing_has(text: str, wrong: str) -> None:
    """With the field's name."""
    with pytest.raises(ValueError, match=wrong):
        bearing.parse_frequencies(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("rolling_elements=9,element_diameter=7.94", "pitch_diameter is missing"),
        ("rolling_elements=8.5,element_diameter=7.94,pitch_diameter=39", "a whole number"),
        ("rolling_elements=9,element_diameter=40,pitch_diameter=39", "below pitch_diameter"),
        ("rolling_elements=9,element_diameter=-1,pitch_diameter=39", "above 0"),
        ("rolling_elements=9,element_diameter=7.94,pitch_diameter=39,contact_angle=90", "contact_angle"),
    ],
)
def test_parse_geometry_refuses_what_no_bearing_is(text: str, wrong: str) -> None:
    """With the field's name."""
    with pytest.raises(ValueError, match=wrong):
        bearing.parse_geometry(text)
