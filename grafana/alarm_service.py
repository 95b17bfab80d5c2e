"""The panels of Alarms about the service itself: what it judges by, how far it is, and whom it tells."""

from typing import Final

from grafana import links, panels, queries, thresholds
from grafana.columns import Column
from grafana.panels import PanelBuilder

_OUTCOMES: Final = {
    "waits": "blue", "expired": thresholds.BAD, "escalated": thresholds.BAD, "acknowledged": thresholds.GOOD,
}  # fmt: skip


def rules() -> PanelBuilder:
    return panels.table(
        "Rules",
        "What is judged by. Sources: channels or sensors that the rule fits; none where it fits nothing, or where the service "
        "has not seen it yet.",
        queries.table("alarms/rules"),
        empty="There is no rule: iotctl alarms rules import",
        columns=[
            Column("rule", "Rule"),
            Column("kind", "Kind", width=130),
            Column("state", "State", width=90),
            Column("sources", "Sources", width=85, coloured="text", thresholds=thresholds.falling(1)),
            Column("open", "Open", width=70),
            Column("version", "Version", width=80),
            Column("changed_at", "Changed", width=170),
            Column("changed_by", "By", width=130),
        ],
        width=12,
    )


def partitions() -> PanelBuilder:
    return panels.table(
        "How far it is judged",
        "For each partition of the stream: the next offset to judge and to store. Behind: stream messages that are stored and "
        "not judged; it should be near 0. Ago grows where no alarms service runs, or none has got the partition.",
        queries.table("alarms/partitions"),
        empty="No alarms service has ever judged anything",
        columns=[
            Column("stream", "Partition"),
            Column("judged", "Judged", width=110),
            Column("stored", "Stored", width=110),
            Column("behind", "Behind", width=90, coloured="text", thresholds=thresholds.rising(100, 10000)),
            Column(
                "age_s", "Ago", unit="s", width=90, coloured="text", thresholds=thresholds.rising(30, 300)
            ),
            Column("owner", "Judged by", width=290),
        ],
        width=12,
        height=7,
    )


def outbox() -> PanelBuilder:
    return panels.table(
        "Outbox",
        "What alarms have to tell: to RabbitMQ, to sensors, to webhooks, by mail. Waiting with an age of minutes: the receiver "
        "is away, the error says why; it is tried again for a day. Given up: nobody was told; iotctl alarms outbox --retry.",
        queries.table("alarms/outbox"),
        empty="The outbox is not there",
        columns=[
            Column("action", "To", width=100),
            Column("waiting", "Waiting", width=85, coloured="text", thresholds=thresholds.rising(100, 1000)),
            Column(
                "oldest_s",
                "Oldest",
                unit="s",
                width=85,
                coloured="text",
                thresholds=thresholds.rising(60, 600),
            ),
            Column("retried", "Tried again", width=100, coloured="text", thresholds=thresholds.rising(1)),
            Column("sent", "Sent in the span", width=130),
            Column("given_up", "Given up", width=90, coloured="text", thresholds=thresholds.rising(1, 10)),
            Column("last_error", "Error"),
        ],
        width=12,
        height=7,
    )


def machines() -> PanelBuilder:
    return panels.table(
        "What machines were told",
        "The newest first. Escalated: no controller has acknowledged it in time; is the machine's controller connected, and "
        "may it hear of this machine?",
        queries.table("alarms/machines"),
        empty="No machine was told anything in this span",
        columns=[
            Column("created_at", "When", width=170),
            Column("target", "Machine", width=130),
            Column("outcome", "Outcome", width=120, coloured="text", mappings=thresholds.named(_OUTCOMES)),
            Column("machine", "Controller", width=130),
            Column("action_taken", "Action", width=130),
            Column("took_s", "Took", unit="s", width=90),
            Column("serial_number", "Sensor", width=130, links=[links.to_sensor()]),
            Column("message", "Message"),
        ],
        width=12,
    )


def no_verdict() -> PanelBuilder:
    return panels.table(
        "No verdict",
        "Rules that cannot judge some of their sources, and why: the speed or the bearing of the machine is missing, the "
        "frequency is too low, there are gaps. A machine here is not watched, though no alarm says so.",
        queries.table("alarms/no_verdict"),
        empty="Every rule judges all that it is for",
        columns=[
            Column("rule", "Rule", width=160),
            Column("reason", "Why"),
            Column("sources", "Sources", width=85),
            Column("serial_number", "One of them", width=130, links=[links.to_sensor()]),
            Column("updated_at", "Since", width=170),
        ],
        width=12,
    )
