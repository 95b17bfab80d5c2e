"""Families of lines against noise: what they are worth, and how often noise makes one."""

import numpy as np
import pytest

from vibration import combs
from vibration.combs import Lines

LINES, SEGMENTS, TRIALS = 4_000, 6, 400


def noise(random: np.random.Generator, added: dict[int, float] | None = None) -> Lines:
    """Averaged powers of noise, as independent segments have them, with lines of these powers added."""
    power = random.gamma(SEGMENTS / 1.056, 1.056 / SEGMENTS, LINES)
    for at, more in (added or {}).items():
        power[at] += more
    return combs.lines(np.linspace(0.0, 0.5 * (LINES - 1), LINES), np.sqrt(power), SEGMENTS, around_hz=100.0)


def test_noise_makes_a_family_no_more_often_than_its_chance_says() -> None:
    """Of 400 searches of four lines within 2 %: one in ten is as rare as one in ten, or rarer."""
    random = np.random.default_rng(1)
    chances = [combs.search(noise(random), 160.0, 0.02, (1, 2, 3, 4)).chance for _ in range(TRIALS)]
    assert np.mean(np.array(chances) <= 0.1) <= 0.14
    assert np.mean(np.array(chances) <= 0.01) <= 0.02
    assert min(chances) < 0.2, "it is not only cautious"


def test_family_is_found_where_it_is() -> None:
    """Within half a line of the highest harmonic, with each line's height over the floor."""
    found = combs.search(
        noise(np.random.default_rng(2), {322: 30.0, 644: 20.0, 966: 20.0}), 160.0, 0.02, (1, 2, 3)
    )
    assert found.fundamental_hz == pytest.approx(161.0, abs=0.1)
    assert found.chance < 1e-6
    assert found.found == 3
    assert found.lines[0].snr_db == pytest.approx(10 * np.log10(31), abs=2)
    assert found.depth == pytest.approx(np.sqrt(70), rel=0.15)


def test_one_line_makes_no_family_however_high() -> None:
    """It may be any machine's: seldom suspected, and never enough for a name."""
    chances = []
    for seed in range(40):
        found = combs.search(noise(np.random.default_rng(seed), {320: 1e6}), 160.0, 0.02, (1, 2, 3, 4))
        chances.append(found.chance)
    assert min(chances) > 1e-4
    assert np.median(chances) > 1e-2


def test_lines_that_something_else_explains_do_not_count() -> None:
    """Neither for the family nor against it."""
    evidence = noise(np.random.default_rng(4), {320: 30.0, 640: 30.0, 960: 30.0})
    taken = combs.around(evidence, np.array([160.0, 320.0, 480.0]))
    found = combs.search(evidence, 160.0, 0.002, (1, 2, 3), taken)
    assert found.found == 0
    assert found.chance > 1e-3
    assert (
        combs.strongest(evidence, taken, 3)
        < 2.0 * combs.strongest(noise(np.random.default_rng(4)), taken, 3) + 3
    )
    assert combs.strongest(evidence, np.zeros(LINES, np.bool_), 3) == pytest.approx(np.sqrt(90), rel=0.1)
