"""Which sensors a fleet has: the same serial numbers for the same request, each time. Pure."""

from typing import NamedTuple

import numpy as np

from emulator.sensor import Plan
from emulator.signals import SKF_6205, FaultyBearing, Sine, Source, Table, Temperature, Vibration
from emulator.tracks import HAMBURG, Track

_SHAFTS_HZ = (24.8, 29.6, 49.5)
_RINGS_BYTES = 60_000_000  # of a fleet
_LEAST_RING_BYTES = 62_000  # five batches of three axes, one second at 1 kHz each
_LARGEST_RING_BYTES = 500_000


class Fleet(NamedTuple):
    """What is asked for on the command line."""

    sensors: int
    prefix: str = ""
    vibration_hz: float = 1000.0
    temperature_hz: float = 1.0
    batch_duration_s: float = 1.0
    ring_bytes: int = _LARGEST_RING_BYTES


def ring_bytes(sensors: int) -> int:
    """For each sensor, so that the rings of a fleet of so many take 60 MB at most; but a few batches in any case."""
    return min(_LARGEST_RING_BYTES, max(_LEAST_RING_BYTES, _RINGS_BYTES // sensors))


def serial_numbers(fleet: Fleet) -> list[str]:
    """Of every sixth sensor temperature, of every twelfth one that moves, vibration of the others."""
    return [f"{fleet.prefix}{_kind(i)}-{i:04}" for i in range(1, fleet.sensors + 1)]


def plans(fleet: Fleet) -> list[Plan]:
    """One for each serial number."""
    return [_plan(fleet, i, serial) for i, serial in enumerate(serial_numbers(fleet), start=1)]


def load_plans(
    serials: list[str], messages_per_s: float, samples_per_batch: int, ring_bytes: int
) -> list[Plan]:
    """Single-channel sensors that together publish so many messages a second, of so many samples."""
    frequency = messages_per_s / len(serials) * samples_per_batch
    return [
        Plan(
            serial,
            "load",
            Table(index * 7919),
            frequency,
            max(frequency, 26_667.0),
            samples_per_batch=samples_per_batch,
            ring_bytes=ring_bytes,
        )
        for index, serial in enumerate(serials)
    ]


def load_serial_numbers(sensors: int) -> list[str]:
    """Of a load test."""
    return [f"load-{i:04}" for i in range(1, sensors + 1)]


def speeds_rpm(fleet: Fleet) -> dict[str, float]:
    """The name plates of the machines that the fleet's pumps are: serial number → rpm, about what they turn at."""
    return {
        serial: 60 * _SHAFTS_HZ[i % len(_SHAFTS_HZ)]
        for i, serial in enumerate(serial_numbers(fleet), start=1)
        if _kind(i) == "pump"
    }


def _kind(i: int) -> str:
    if i % 6 == 0:
        return "temp"
    return "vehicle" if i % 12 == 1 else "pump"


def _plan(fleet: Fleet, i: int, serial: str) -> Plan:
    random = np.random.default_rng(i)
    if _kind(i) == "temp":
        frequency = fleet.temperature_hz
        source: Source = Temperature(45 + 20 * random.random(), random)
        return Plan(
            serial, "temperature", source, frequency, 10.0, 1 / frequency, ring_bytes=fleet.ring_bytes
        )
    track = None
    if _kind(i) == "vehicle":
        track = Track(HAMBURG, speed_m_s=6 + 6 * random.random(), start_m=5000 * random.random())
    return Plan(
        serial,
        "vibration",
        _vibration(i, random),
        fleet.vibration_hz,
        26_667.0,
        fleet.batch_duration_s,
        track=track,
        ring_bytes=fleet.ring_bytes,
    )


def _vibration(i: int, random: np.random.Generator) -> Source:
    shaft_hz = _SHAFTS_HZ[i % len(_SHAFTS_HZ)] * (1 + 0.01 * random.standard_normal())
    axes = [
        [
            Sine(share * 0.12 / order, order * shaft_hz, float(2 * np.pi * random.random()))
            for order in (1, 2, 3)
        ]
        for share in (1.0, 0.7, 0.3)
    ]
    healthy = Vibration(axes, noise=0.02, random=random)
    if i % 5:
        return healthy
    return FaultyBearing(
        healthy,
        shaft_hz=shaft_hz,
        bearing=SKF_6205,
        inner=bool(i % 2),
        amplitude=0.8,
        resonance_hz=3200.0,
        random=random,
    )
