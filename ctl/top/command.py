"""`iotctl top`."""

from typing import Any

import click

from ctl.context import Operator, pass_operator, query
from ctl.errors import USAGE, CtlError
from ctl.select import Selection, check_filters, filter_options


@click.command()
@filter_options
@pass_operator
def top(operator: Operator, /, **chosen: Any) -> None:
    """Watch the fleet live on the whole screen: state, frequency, rate, latency, losses, last alarm.

    Of the sensor under the cursor one sees the waveform and spectrum moving, its log and its commands; keys make it
    sleep, wake, change its sample frequency or blink. `?` lists all keys.

    \b
    iotctl top                                  every sensor
    iotctl top --target "Pump house"            those of one machine
    iotctl top --type vibration --state AWAKE
    """
    if not (operator.out.is_terminal and operator.err.is_terminal):
        raise CtlError("iotctl top needs a terminal: for a pipe there is iotctl sensors --output csv", USAGE)
    selection = Selection(**chosen)
    with operator.database() as database:  # away, or not let in: said before the screen is taken
        check_filters(database, database.execute(query("sensors")).fetchall(), selection)
    from ctl.top.app import TopApp
    from ctl.top.source import Servers

    source = Servers(operator.settings)
    try:
        app = TopApp(source, selection)
        app.run()
    finally:
        source.close()
    click.get_current_context().exit(app.return_code or 0)
