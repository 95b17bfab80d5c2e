"""Which dashboards there are: file name without .json → what builds it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import alarms, database, fleet, pipeline, rabbitmq, sensor
from grafana.building import text

DASHBOARDS: Final[Mapping[str, Callable[[], Dashboard]]] = {
    "fleet": fleet.build,
    "sensor": sensor.build,
    "alarms": alarms.build,
    "pipeline": pipeline.build,
    "database": database.build,
    "rabbitmq": rabbitmq.build,
}
FOLDER: Final = Path(__file__).parent / "dashboards"


def files() -> dict[Path, str]:
    """Every file of grafana/dashboards with its text, generated anew."""
    return {FOLDER / f"{name}.json": text(build()) for name, build in DASHBOARDS.items()}


def stale() -> list[Path]:
    """Files that are not as they would be written, are missing, or belong to no dashboard."""
    wanted = files()
    different = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    return sorted([*different, *(set(FOLDER.glob("*.json")) - set(wanted))])


def write() -> None:
    """grafana/dashboards as it should be."""
    wanted = files()
    FOLDER.mkdir(exist_ok=True)
    for path in set(FOLDER.glob("*.json")) - set(wanted):
        path.unlink()
    for path, content in wanted.items():
        path.write_text(content)
