"""What an envelope spectrum has to say for each element of a bearing. Pure.

Each element has families of lines by which a fault of it shows. A family is looked for as a whole, at one fundamental,
among the lines that the shaft's orders do not explain; what it leaves unexplained speaks against it.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from vibration import combs
from vibration.bearing import Frequencies
from vibration.combs import Comb, Line, Lines, Mask
from vibration.envelope import Band

HARMONICS: Final = 4
# What certainty asks for. Impulses with a share q of the band's power make lines of depth 2q, a little less with each
# harmonic: about 3q together. So 0.25 are impulses that have a twelfth of the power in their best band.
SURE_CHANCE: Final = 1e-6
SURE_LINES: Final = 3
SURE_DEPTH: Final = 0.25
SURE_SHARE: Final = 2 / 3  # twice what it leaves unexplained
SURE_ORDERS: Final = 2.0  # times its depth, the shaft's orders may have
_SLOW: Final = 0.25  # of the shaft's frequency: what is slower is drift


class Element(StrEnum):
    """What of a bearing can be damaged."""

    INNER_RACE = "inner race"
    OUTER_RACE = "outer race"
    ROLLING_ELEMENT = "rolling element"
    CAGE = "cage"


# Sidebands to each side, by the shaft's or the cage's frequency, that a fault of the element explains
_SIDEBANDS: Final = {
    Element.INNER_RACE: 4,
    Element.OUTER_RACE: 3,
    Element.ROLLING_ELEMENT: 2,
    Element.CAGE: 0,
}


class Evidence(NamedTuple):
    """What speaks for one element, in one band."""

    element: Element
    score: float  # 0 to 1: chance, depth and share, each relative to what certainty asks for
    chance: (
        float  # that noise alone makes such lines, anywhere within the tolerance and in any band looked at
    )
    depth: float  # of the modulation: root of the sum of squares of the lines found; one line has 2 at most
    share: (
        float  # of the depth's square, against that of the strongest lines that it does not explain; 0 to 1
    )
    band: Band
    searched_hz: tuple[float, float]  # where the fundamental may lie
    fundamental_hz: float
    harmonics: tuple[Line, ...]
    sidebands: tuple[Line, ...]  # one modulating frequency to each side of each harmonic
    found: int  # lines of the family
    missing: tuple[str, ...]  # what certainty asks for and this has not; where it is empty, it is certain


class Setting(NamedTuple):
    """What the lines are looked for by."""

    bearing: Frequencies  # in multiples of the shaft's frequency
    shaft_hz: float
    measured: bool  # or the shaft's orders may be beside where they are looked for
    tolerance: float  # of the fundamentals, relative
    trials: int  # bands looked at


class _Signature(NamedTuple):
    """How a fault of an element shows."""

    fundamental_hz: float
    modulation_hz: float  # of its sidebands
    families: tuple[tuple[float, ...], ...]  # in multiples of the fundamental, any of which may be there


def weigh(lines: Lines, band: Band, setting: Setting) -> list[Evidence]:
    """Of each element. Lines at multiples of half the shaft's frequency speak for none: a loose part makes them, too
    (ISO 13373-3), and so do misalignment, unbalance and gears.
    """
    top_hz = len(lines.power) * lines.step_hz
    orders = combs.around(lines, np.arange(setting.shaft_hz / 2, top_hz, setting.shaft_hz / 2))
    signatures = _signatures(setting)
    best = {element: _likeliest(lines, one, setting, orders) for element, one in signatures.items()}
    aside = orders | combs.around(lines, np.array([0.0]), _SLOW * setting.shaft_hz / lines.step_hz)
    shaft_depth = combs.strongest(lines, ~orders, HARMONICS) if setting.measured else 0.0
    weighed = []
    for element, comb in best.items():
        own = combs.around(lines, np.array(list(_explained(element, comb, setting, top_hz))))
        left = combs.strongest(lines, aside | own, HARMONICS)
        weighed.append(
            _evidence(lines, element, comb, (left, shaft_depth), signatures[element], band, setting, orders)
        )
    return weighed


def _signatures(setting: Setting) -> dict[Element, _Signature]:
    hertz = Frequencies(*(multiple * setting.shaft_hz for multiple in setting.bearing))
    order = tuple(float(n) for n in range(1, HARMONICS + 1))
    strikes = 2 * hertz.bsf  # a fault of a rolling element meets both races in each turn
    cage = hertz.ftf / strikes
    # in and out of the load zone with the cage; where one race is struck harder, there are odd multiples of BSF, too
    modulated = tuple(n + side for n in order[:2] for side in (0.0, -cage, cage))
    halves = tuple(n / 2 for n in range(1, 2 * HARMONICS - 1))
    return {
        Element.INNER_RACE: _Signature(hertz.bpfi, setting.shaft_hz, (order,)),
        Element.OUTER_RACE: _Signature(hertz.bpfo, setting.shaft_hz, (order,)),
        Element.ROLLING_ELEMENT: _Signature(strikes, hertz.ftf, (order, modulated, halves)),
        Element.CAGE: _Signature(hertz.ftf, setting.shaft_hz, (order,)),
    }


def _likeliest(lines: Lines, signature: _Signature, setting: Setting, taken: Mask) -> Comb:
    found = [
        combs.search(lines, signature.fundamental_hz, setting.tolerance, family, taken)
        for family in signature.families
    ]
    return min(found, key=lambda comb: (comb.chance, -comb.depth))


def _explained(element: Element, comb: Comb, setting: Setting, top_hz: float) -> Iterator[float]:
    """All lines that a fault of this element makes, not only those that were looked for."""
    step = comb.fundamental_hz
    cage_hz = setting.bearing.ftf * setting.shaft_hz
    modulation_hz = setting.shaft_hz
    if element is Element.ROLLING_ELEMENT:
        step, modulation_hz = step / 2, cage_hz
        yield from (cage_hz, 2 * cage_hz)
    for n in range(1, int(top_hz / step) + 1):
        # of a rolling element, every other line is of one race alone, and weaker
        most = 1 if element is Element.ROLLING_ELEMENT and n % 2 else _SIDEBANDS[element]
        for side in range(-most, most + 1):
            if (frequency := n * step + side * modulation_hz) > 0:
                yield frequency


def _evidence(
    lines: Lines,
    element: Element,
    comb: Comb,
    others: tuple[float, float],
    signature: _Signature,
    band: Band,
    setting: Setting,
    orders: Mask,
) -> Evidence:
    at = comb.fundamental_hz
    harmonics = [at * n for n in range(1, HARMONICS + 1)]
    sides = [at * n + side * signature.modulation_hz for n in (1, 2) for side in (-1, 1)]
    chance = min(1.0, comb.chance * len(signature.families) * setting.trials)
    left, shaft_depth = others  # depths of what no fault of this element explains, and of the shaft's orders
    total = comb.depth**2 + left**2
    share = comb.depth**2 / total if total > 0 else 0.0
    shown = tuple(_at(lines, harmonics, orders))
    missing = []
    if chance > SURE_CHANCE:
        missing.append(f"noise alone may do this once in {1 / chance:,.0f} times")
    if comb.found < SURE_LINES:
        missing.append(f"{comb.found} of its lines stand out, not {SURE_LINES}")
    if element is Element.CAGE and (comb.found < HARMONICS or comb.depth < 2 * SURE_DEPTH):
        missing.append(
            "rolling elements pass the load at the cage's frequency, too: it takes deep and sharp impulses"
        )
    if not any(line.found for line in shown[:2]):
        missing.append("neither its fundamental nor the second harmonic is there")
    if comb.depth < SURE_DEPTH:
        missing.append(f"it modulates by {comb.depth:.2f} only, not {SURE_DEPTH:g}")
    if share < SURE_SHARE:
        missing.append(
            f"other lines are nearly as strong: the share of its own is {share:.0%}, not {SURE_SHARE:.0%}"
        )
    if shaft_depth > SURE_ORDERS * comb.depth:
        missing.append("the shaft's orders modulate much more deeply: something else is loose or rubs")
    score = min(1.0, np.log(chance) / np.log(SURE_CHANCE)) * min(1.0, comb.depth / SURE_DEPTH) * share
    score = max(0.0, score * min(1.0, comb.found / SURE_LINES))
    return Evidence(
        element=element,
        score=float(score),
        chance=chance,
        depth=comb.depth,
        share=share,
        band=band,
        searched_hz=(
            signature.fundamental_hz * (1 - setting.tolerance),
            signature.fundamental_hz * (1 + setting.tolerance),
        ),
        fundamental_hz=at,
        harmonics=shown,
        sidebands=tuple(_at(lines, sides, orders)),
        found=comb.found,
        missing=tuple(missing),
    )


def _at(lines: Lines, frequencies_hz: Iterable[float], orders: Mask) -> Iterator[Line]:
    for frequency in frequencies_hz:
        place = round(frequency / lines.step_hz)
        if 0 < place < len(orders):
            yield combs.line_at(lines, frequency, used=not orders[place])
