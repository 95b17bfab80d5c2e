"""Holds people's notifications back in a flood, and tells them afterwards how many there were. Pure.

Alarms are recorded all the same, and machines and sensors are told: what is held back are webhooks and mails.
"""

from typing import Any, Final

from alarms.actions import OutboxRow
from alarms.flood import Flood

_FOR_PEOPLE: Final = ("webhook", "email")
_MOST_RECIPIENTS: Final = 1_000  # of a summary


class Flooding:
    """One for a process."""

    def __init__(self, limit: int, period_s: float, name: str) -> None:
        self._flood = Flood(limit, period_s)
        self._name = name
        self._held: dict[tuple[str, str], OutboxRow] = {}  # the last one for each recipient

    def passed(self, rows: list[OutboxRow], now_ns: int) -> list[OutboxRow]:
        """What is sent of one event's rows."""
        told = [row for row in rows if row.action in _FOR_PEOPLE]
        if not told or self._flood.allow(now_ns):
            return rows
        for row in told:
            recipient = (row.action, str(row.payload.get("url") or row.payload.get("to")))
            if recipient in self._held or len(self._held) < _MOST_RECIPIENTS:
                self._held[recipient] = row
        return [row for row in rows if row.action not in _FOR_PEOPLE]

    def ended(self, now_ns: int) -> list[OutboxRow]:
        """When a flood is over: how many events were held back, to each who has missed one."""
        count = self._flood.ended(now_ns)
        if count is None:
            return []
        text = f"{count} alarms were not told while there were too many; iotctl alarms history shows them"
        rows = []
        for number, row in enumerate(self._held.values()):
            event: dict[str, Any] = {**row.payload["event"], "kind": "FLOOD", "message": text}
            key = f"flood/{self._name}/{now_ns}/{number}"
            rows.append(
                row._replace(key=key, alarm_id=None, payload={**row.payload, "event": event}, due_ns=now_ns)
            )
        self._held.clear()
        return rows
