"""`python -m emulator`: a fleet of sensors that publish to the MQTT broker until SIGTERM."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from emulator import fleet_plan, options
from emulator.config import EmulatorSettings
from emulator.fleet import Clock, Fleet
from emulator.fleet_machines import FleetMachines, driven
from emulator.replay import Replay, load
from emulator.sensor import Plan
from runtime import config
from runtime.health import Health
from runtime.service import run_service
from wire import limits


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--credentials",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="JSON file: serial number → password.",
)
@click.option("--sensors", default=50, show_default=True, type=options.SENSORS, help="Size of the fleet.")
@click.option("--prefix", default="", help="Put before every serial number of the fleet.")
@click.option(
    "--vibration-frequency", default=1000.0, show_default=True, type=options.VIBRATION_HZ,
    help="Sample frequency of vibration, in Hz.",
)  # fmt: skip
@click.option(
    "--temperature-frequency", default=1.0, show_default=True, type=options.TEMPERATURE_HZ,
    help="Sample frequency of temperature, in Hz.",
)  # fmt: skip
@click.option(
    "--batch-duration", default=1.0, show_default=True, type=options.BATCH_S, help="Seconds in one batch."
)
@click.option(
    "--buffer", default=500_000, show_default=True, type=options.RING_BYTES,
    help="Bytes in each sensor's ring buffer; all of them fill, also when nothing fails.",
)  # fmt: skip
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One sensor that replays a recording, .npz or .csv.",
)
@click.option(
    "--serial", default="replay-1", show_default=True, help="Serial number of the sensor that replays."
)
@click.option(
    "--sample-frequency", type=options.RECORDING_HZ, help="Sample frequency of the recording, in Hz."
)
@click.option(
    "--channel", "channels", multiple=True, help="Channel of the recording; may be repeated [default: all]."
)
@click.option("--unit", default="g", show_default=True, help="Unit of the recording.")
@click.option("--loop", is_flag=True, help="Begin the recording again when it has ended.")
@click.option(
    "--start-time", type=options.START_NS, help="Unix nanoseconds of the first sample [default: now]."
)
@click.option(
    "--speed", default=1.0, show_default=True, type=options.SPEED, help="Times as fast as time goes."
)
@click.option(
    "--clock-step", "clock_steps", multiple=True, type=options.Step(),
    help="After AT of the sensors' seconds their clock is set, by BY seconds; may be repeated.",
)  # fmt: skip
@click.option(
    "--load", "load_rate", type=options.MESSAGES_PER_S,
    help="Load test: messages/s of the whole fleet, one channel each.",
)  # fmt: skip
@click.option(
    "--samples-per-batch", default=100, show_default=True, type=options.SAMPLES,
    help="Samples in a message of the load test.",
)  # fmt: skip
@click.option(
    "--controller", metavar="HOST:PORT",
    help="Be the controller of the fleet's machines: the alarms service stops the one of a sensor, which falls silent.",
)  # fmt: skip
@click.option("--controller-token", envvar="STREAMING_MACHINE_TOKEN", help="Token for the alarms service.")
@click.option(
    "--restart-after", type=options.RESTART_S,
    help="Seconds after which a stopped machine starts again [default: never].",
)  # fmt: skip
@click.option("--duration", type=options.DURATION_S, help="Stop after so many seconds.")
@click.option("--exit-when-done", is_flag=True, help="Stop when the recording has ended and is acknowledged.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file with what each sensor made, kept up to date.",
)
def main(**chosen: Any) -> None:
    """Emulate sensors: vibration, temperature, vehicles with GPS; or replay a recording.

    \b
    python -m emulator --credentials fleet.json --sensors 50
    python -m emulator --credentials one.json --serial pump-1 --replay bearing.npz \\
        --channel DE --sample-frequency 12000 --speed 10 --exit-when-done
    python -m emulator --credentials load.json --sensors 200 --load 15000 --samples-per-batch 10
    python -m emulator --credentials fleet.json --controller 127.0.0.1:50051 --restart-after 60
    """
    settings = config.load(EmulatorSettings)
    passwords = _passwords(chosen["credentials"])
    plans = _plans(chosen)
    unknown = [plan.serial_number for plan in plans if plan.serial_number not in passwords]
    if unknown:
        raise click.ClickException(
            f"no credentials for {unknown[0]} and {len(unknown) - 1} others in {chosen['credentials']}: "
            "python -m stack credentials, or python -m emulator.credentials, makes them"
        )
    machines = None
    if chosen["controller"] is not None:
        plans, by_serial = driven(plans, chosen["restart_after"])
        machines = FleetMachines(chosen["controller"], by_serial, chosen["controller_token"])
    elif chosen["restart_after"] is not None:
        raise click.UsageError("--restart-after is for machines that are stopped: --controller HOST:PORT")

    async def run(health: Health, stop: asyncio.Event) -> None:
        await Fleet(
            plans,
            passwords,
            settings,
            health,
            clock=Clock(chosen["speed"], _start_ns(chosen), chosen["clock_steps"]),
            report=chosen["report"],
            exit_when_done=chosen["exit_when_done"],
            duration_s=chosen["duration"],
            machines=machines,
        ).run(stop)

    sys.exit(run_service("emulator", settings, run))


def _passwords(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text())
        if not isinstance(content, dict) or not all(isinstance(one, str) for one in content.values()):
            raise ValueError("it holds something else")
    except (OSError, ValueError) as error:
        raise click.ClickException(
            f"{path} is no JSON file of serial numbers and passwords: {error}"
        ) from error
    return content


def _plans(chosen: dict[str, Any]) -> list[Plan]:
    if chosen["replay"] is not None:
        return [_replay(chosen)]
    sensors = chosen["sensors"]
    ring_bytes = chosen["buffer"]
    if chosen["load_rate"] is not None:
        serials = fleet_plan.load_serial_numbers(sensors)
        rate, samples = chosen["load_rate"], chosen["samples_per_batch"]
        frequency = rate / sensors * samples
        if not limits.MINIMUM_SAMPLE_FREQUENCY_HZ <= frequency <= limits.MAXIMUM_SAMPLE_FREQUENCY_HZ:
            raise click.UsageError(
                f"that is a sample frequency of {frequency:g} Hz for each of {sensors} sensors"
            )
        return fleet_plan.load_plans(serials, rate, samples, ring_bytes)
    return fleet_plan.plans(
        fleet_plan.Fleet(
            sensors,
            chosen["prefix"],
            chosen["vibration_frequency"],
            chosen["temperature_frequency"],
            chosen["batch_duration"],
            ring_bytes,
        )
    )


def _replay(chosen: dict[str, Any]) -> Plan:
    if chosen["sample_frequency"] is None:
        raise click.UsageError("a recording does not say its sample frequency: --sample-frequency HZ")
    frequency = chosen["sample_frequency"]
    recording, names = load(chosen["replay"], chosen["channels"])
    source = Replay(recording, names, chosen["unit"], loop=chosen["loop"])
    return Plan(
        chosen["serial"],
        "vibration",
        source,
        frequency,
        max(frequency, 26_667.0),
        chosen["batch_duration"],
        ring_bytes=max(chosen["buffer"], 2 * recording.nbytes),
    )


def _start_ns(chosen: dict[str, Any]) -> int | None:
    if chosen["start_time"] is not None:
        return int(chosen["start_time"])
    if chosen["replay"] is not None and chosen["speed"] > 1 and not chosen["loop"]:
        # faster than time: let the recording end about now, not in the future
        recording, _ = load(chosen["replay"], chosen["channels"])
        return time.time_ns() - int(recording.shape[1] / chosen["sample_frequency"] * 1e9)
    return None


if __name__ == "__main__":
    main()
