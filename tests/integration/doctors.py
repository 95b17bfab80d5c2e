"""`iotctl doctor` as the tests read it."""

import json
from typing import Any
from unittest.mock import patch

from click.testing import Result

from ctl.doctor import CHECKS
from tests.integration.iotctl import Iotctl

Finding = dict[str, Any]


def findings(result: Result) -> list[Finding]:
    assert result.exit_code in (0, 1), result.output
    found: list[Finding] = json.loads(result.stdout)
    assert result.exit_code == int(any(finding["state"] == "problem" for finding in found))
    for finding in found:
        assert finding["state"] == "ok" or finding["advice"], finding
    return found


def doctor(iotctl: Iotctl, *arguments: str) -> list[Finding]:
    return findings(iotctl.run("doctor", "--output", "json", *arguments))


def problems(found: list[Finding]) -> dict[str, str]:
    """Server → what is wrong with it and what to do, all of it."""
    joined: dict[str, str] = {}
    for finding in found:
        if finding["state"] == "problem":
            said = f"{finding['finding']} → {finding['advice']}\n"
            joined[finding["server"]] = joined.get(finding["server"], "") + said
    return joined


def told(iotctl: Iotctl, server: str, check: str) -> list[tuple[str, str]]:
    """State and sentence of everything that is said of it; no other server is asked."""
    names = ("rabbitmq", "resources") if server == "rabbitmq" else (server,)
    with patch("ctl.doctor.CHECKS", {name: CHECKS[name] for name in names}):
        found = doctor(iotctl)
    return [
        (finding["state"], finding["finding"])
        for finding in found
        if (finding["server"], finding["check"]) == (server, check)
    ]
