"""For all tests: how they are shared out among processes, and what these may be told."""

import signal

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# A suite that was started in the background ignores SIGINT, and so would whatever it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]  # has no types
    """A file's tests go to one process, one after another; so do the firmware's all, which build in one folder."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "tests/firmware" if file.startswith("tests/firmware/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Each process of `pytest -n N` has servers of its own (tests/integration/conftest.py)."""
    return _ByFile(config, log)
