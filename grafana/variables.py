"""What is chosen at the top of a dashboard."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from grafana.queries import sql_text
from grafana.sources import TIMESCALE

# "All" stands for itself in a query and not for every value there is: '' IN (${target:sqlstring}) OR name IN (…)
_ALL: Final = "''"


def one_of(name: str, label: str, says: str, query: str) -> QueryVariable:
    """One value of grafana/sql/{query}.sql, the first to begin with; it may be typed, too."""
    return _queried(name, label, says, query).multi(False).include_all(False)


def some_of(name: str, label: str, says: str, query: str) -> QueryVariable:
    """Any number of values of grafana/sql/{query}.sql, all of them to begin with."""
    variable = _queried(name, label, says, query).multi(True).include_all(True).all_value(_ALL)
    return variable.current(VariableOption(selected=True, text=["All"], value=["$__all"]))


def _queried(name: str, label: str, says: str, query: str) -> QueryVariable:
    variable = QueryVariable(name).label(label).description(says).datasource(TIMESCALE)
    variable.query(sql_text(query))
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.DISABLED)


def serial() -> QueryVariable:
    return one_of("serial", "Sensor", "Serial number", "variables/serial")


def channel() -> QueryVariable:
    """Of the sensor that is chosen by `serial`."""
    return one_of("channel", "Channel", "Of that sensor", "variables/channel")


def target() -> QueryVariable:
    return some_of(
        "target", "Machine", "What the sensors sit on; – where that is not known", "variables/target"
    )


def sensor_type() -> QueryVariable:
    return some_of(
        "sensor_type", "Type", "Of the sensors; – where that is not known", "variables/sensor_type"
    )
