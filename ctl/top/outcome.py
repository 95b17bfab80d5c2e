"""What came of a key that was pressed for a sensor, in a sentence. Pure."""

from textual.notifications import SeverityLevel

from ctl.durations import show_duration
from ctl.output import printable
from runtime.commanding import ANSWERED, FAILED, Fate


def sentence(fate: Fate) -> str:
    """How far the command got, what the sensor said, and what it does now."""
    name = fate.order.level.value.replace("_", " ")
    if fate.status not in ANSWERED:
        return f"{name} is {fate.status}, and not answered yet: see its commands"
    said = f"{name} {fate.status} after {show_duration(fate.after_s or 0)}"
    if fate.reason:
        said += f": {printable(fate.reason)}"
    if fate.state:
        said += f"; now {fate.state}"
        if fate.state == "AWAKE" and fate.sample_frequency_hz:
            said += f" at {fate.sample_frequency_hz:g} Hz"
    return said


def severity(fate: Fate) -> SeverityLevel:
    """Its colour."""
    if fate.status in FAILED:
        return "error"
    return "information" if fate.status in ANSWERED else "warning"
