"""What may be under way at once: the bound is reached, and there is room again afterwards."""

import pytest
from prometheus_client import CollectorRegistry, Gauge

from web.at_once import AtOnce
from web.errors import AwayError


def test_beyond_the_bound_is_refused_until_one_has_ended() -> None:
    """Also where it ended with an error."""
    gauge = Gauge("under_way", "In this test.", registry=CollectorRegistry())
    room = AtOnce(2, "commands", gauge)
    with room:
        with room, pytest.raises(AwayError, match="Too many commands"), room:
            pass
        with pytest.raises(ZeroDivisionError), room:
            raise ZeroDivisionError
        with room, pytest.raises(AwayError), room:
            pass
    with room, room:
        pass
