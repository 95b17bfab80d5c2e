"""The dashboards' identifiers, and the ways from one to another."""

from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

FLEET: Final = "streaming-fleet"
SENSOR: Final = "streaming-sensor"
ALARMS: Final = "streaming-alarms"
PIPELINE: Final = "streaming-pipeline"
DATABASE: Final = "streaming-database"
RABBITMQ: Final = "streaming-rabbitmq"
TAG: Final = "sensor-streaming"  # that all of them carry: the dropdown lists what has it


@dataclass(frozen=True)
class DataLink:
    """Behind a value of a panel."""

    title: str
    url: str

    def to_json(self) -> dict[str, object]:
        return {"title": self.title, "url": self.url, "targetBlank": False}


SHOWN: Final = "${__url_time_range}"  # the span that is shown now
OF_ROW: Final = "from=${__data.fields.from_ms}&to=${__data.fields.to_ms}"  # text columns, in ms since 1970


def to_sensor(field: str = "serial_number", span: str = SHOWN, extra: str = "") -> DataLink:
    """To the Sensor dashboard, with the serial number in that field of the row; `extra`: "&var-channel=…"."""
    return DataLink(
        f"Sensor ${{__data.fields.{field}}}",
        f"/d/{SENSOR}?var-serial=${{__data.fields.{field}}}{extra}&{span}",
    )


def to_dashboard(title: str, uid: str, variables: str = "") -> DataLink:
    """At the same span; `variables`: "var-x=…&var-y=…"."""
    return DataLink(title, f"/d/{uid}?{variables}{'&' if variables else ''}{SHOWN}")


def dropdown() -> DashboardLink:
    """At the top of each: to all the others, at the same span."""
    return (
        DashboardLink("Sensor streaming")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .tooltip("The other dashboards, at the same span")
        .as_dropdown(True)
        .keep_time(True)
    )
