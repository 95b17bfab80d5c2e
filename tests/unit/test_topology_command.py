"""sensor-streaming-topology, as jobs of a deployment run it: what ends it with a failure."""

import pytest
from click.testing import CliRunner

from runtime import topology


def declared(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> tuple[int, str]:
    """Its exit code, and what it complains of, where declaring ends so."""

    def apply(settings: topology.TopologySettings) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(topology, "apply", apply)
    done = CliRunner().invoke(topology.main, [])
    return done.exit_code, done.stderr


def test_queues_in_use_that_were_declared_otherwise_are_told_of_and_hold_no_upgrade_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They work as before, and the services that use them stop only after this has ended well."""
    assert declared(monkeypatch, topology.QueuesOccupied("in use")) == (0, "in use\n")


def test_rabbitmq_that_takes_nothing_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services of the new version would find no queues."""
    assert declared(monkeypatch, topology.TopologyError("refused")) == (1, "Error: refused\n")


def test_all_declared_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quiet when healthy."""
    assert declared(monkeypatch, None) == (0, "")
