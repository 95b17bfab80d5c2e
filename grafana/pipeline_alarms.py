"""Pipeline, the alarms: whether they are judged in time, and who hears of them."""

from typing import Final

from alarms.config import AlarmsSettings
from grafana import panels, queries, thresholds
from grafana.panels import PanelBuilder
from grafana.pipeline_flow import bound
from grafana.promql import MEASUREMENTS, increase, part, quantile, rate

_NO_ALARMS: Final = "No alarms service runs"


def judging() -> list[PanelBuilder]:
    return [
        panels.stat(
            "Alarms that are open",
            "Of the sensors that are judged, not closed: active or not acknowledged. The dashboard Alarms has them.",
            queries.promql("sum(alarms_open)", "open"),
            unit="none",
            thresholds=thresholds.rising(1),
            graph=True,
        ),
        panels.stat(
            "Rules that cannot be used",
            "They judge nothing. `iotctl alarms rules list` says why of each.",
            queries.promql("max(alarms_refused_rules)", "refused"),
            unit="none",
            thresholds=thresholds.rising(1, 1),
        ),
        panels.stat(
            "Judged of what has arrived",
            "Batches judged within the span shown, of those that arrived at the bridges. After a restart more: windows are filled "
            "anew with what was read before.",
            queries.promql(
                part(increase("alarms_batches_total"), increase("bridge_messages_total", where=MEASUREMENTS)),
                instant=True,
            ),
            unit="percentunit",
            thresholds=thresholds.falling(0.97, 0.9),
            decimals=1,
        ),
        panels.stat(
            "Rules times sources",
            "What is judged, over all replicas.",
            queries.promql("sum(alarms_evaluations)", "evaluations"),
            unit="short",
            thresholds=thresholds.none(),
        ),
        panels.stat(
            "Not judged, too old",
            "Batches that came after younger ones of their session were judged, as those that are sent again after an outage. They "
            "are in the database all the same.",
            queries.promql("sum(alarms_late_batches)", "late"),
            unit="short",
            thresholds=thresholds.none(),
        ),
        panels.stat(
            "Held back",
            "Notifications to people that a flood of alarms has held back within the span shown; they get a summary. Machines are "
            "told at once all the same.",
            queries.promql(increase("alarms_held_back_total"), instant=True),
            unit="none",
            thresholds=thresholds.rising(1),
            decimals=0,
        ),
        panels.time_series(
            "From the bridge to the judgement",
            "Of rules without a window. Slow: the alarms service does not get the CPU it needs; start another replica.",
            queries.promql(quantile(0.5, "alarms_latency_seconds"), "p50", "A"),
            queries.promql(quantile(0.99, "alarms_latency_seconds"), "p99", "B"),
            unit="s",
            empty=_NO_ALARMS,
            thresholds=thresholds.rising(0.2, 1),
            width=8,
        ),
        panels.time_series(
            "Windows and bearings",
            "A second: windows whose features were computed, bearings that were diagnosed.",
            queries.promql(rate("alarms_windows_total"), "windows", "A"),
            queries.promql(rate("alarms_diagnoses_total"), "bearings", "B"),
            unit="cps",
            empty=_NO_ALARMS,
            width=8,
        ),
        panels.time_series(
            "One round of windows",
            "Computing the features of all windows that have become whole meanwhile. Near a second, rounds follow on each other: "
            "start another replica, or lengthen the rules' windows.",
            queries.promql(quantile(0.5, "alarms_round_seconds"), "p50", "A"),
            queries.promql(quantile(0.99, "alarms_round_seconds"), "p99", "B"),
            unit="s",
            empty="No rule has a window",
            thresholds=thresholds.rising(0.5, 1),
            width=8,
        ),
        panels.time_series(
            "Samples that wait to be judged",
            "Bytes of whole windows. At the bound nothing is read any more.",
            queries.promql("sum by (instance) (alarms_buffered_bytes)", "{{instance}}"),
            unit="decbytes",
            empty=_NO_ALARMS,
            thresholds=thresholds.steps(
                (None, thresholds.GOOD), (bound(AlarmsSettings, "alarms_buffer_bytes"), thresholds.BAD)
            ),
            width=8,
        ),
        panels.time_series(
            "Bearings that wait, and what is not in the database",
            "Bearings: at the bound the oldest is left out, the next is a hop away. Transitions: they wait while the database is "
            "away; machines are told all the same.",
            queries.promql("sum(alarms_waiting_diagnoses)", "bearings", "A"),
            queries.promql("sum(alarms_unwritten_transitions)", "transitions", "B"),
            unit="short",
            empty=_NO_ALARMS,
            thresholds=thresholds.steps(
                (None, thresholds.GOOD), (bound(AlarmsSettings, "alarms_diagnoses"), thresholds.BAD)
            ),
            width=8,
        ),
        panels.time_series(
            "What happens to alarms",
            "A bar for each interval. Many at once is a flood: one cause, often upstream; the oldest of them is the one to look "
            "at.",
            queries.promql(
                f"{increase('alarms_transitions_total', 'kind', span='$__interval')} > 0", "{{kind}}"
            ),
            unit="short",
            empty="Nothing",
            draw="bars",
            stacked=True,
            width=8,
        ).interval("1m"),
    ]


def telling() -> list[PanelBuilder]:
    return [
        panels.stat(
            "Machines connected",
            "Controllers that have said Hello. Fewer than there are: their log, or the service's, says why one was refused.",
            queries.promql("sum(alarms_machines_connected)", "machines"),
            unit="none",
            thresholds=thresholds.none(),
            width=3,
        ),
        panels.stat(
            "Triggers not acknowledged",
            "Told, or to be told, and no controller has answered yet. Older than their time they escalate.",
            queries.promql("sum(alarms_triggers_unacknowledged)", "triggers"),
            unit="none",
            thresholds=thresholds.rising(1),
            width=3,
        ),
        panels.stat(
            "Oldest that was not sent",
            "For how long the oldest message of the outbox has been due. Its receiver is away or refuses: the service's log names "
            "it. After a day it is given up.",
            queries.promql("max(alarms_outbox_oldest_seconds)", "oldest"),
            unit="s",
            thresholds=thresholds.rising(60, 3600),
            width=3,
        ),
        panels.stat(
            "Given up",
            "Messages that were refused, or not sent in time, within the span shown. Nobody was told by them.",
            queries.promql(increase("alarms_outbox_given_up_total"), instant=True),
            unit="none",
            thresholds=thresholds.rising(1, 1),
            decimals=0,
            width=3,
        ),
        panels.time_series(
            "Outbox: waiting, by kind",
            "Due and not sent, of all replicas.",
            queries.promql("max by (action) (alarms_outbox_waiting)", "{{action}}", "A"),
            unit="short",
            empty=_NO_ALARMS,
            thresholds=thresholds.rising(10, 1_000),
            width=6,
            height=6,
        ),
        panels.time_series(
            "Outbox: sent, and failed",
            "A second. What failed is tried again.",
            queries.promql(rate("alarms_outbox_sent_total", "action"), "{{action}} sent", "A"),
            queries.promql(rate("alarms_outbox_failures_total", "action"), "{{action}} failed", "B"),
            unit="cps",
            empty=_NO_ALARMS,
            width=6,
            height=6,
        ),
        panels.time_series(
            "Triggers to machines",
            "A bar for each interval: told the first time, told again as nobody had answered, expired unanswered, left to the "
            "database for want of room. Expired ones: that machine did not hear of its alarm.",
            queries.promql(increase("alarms_triggers_sent_total", span="$__interval"), "told", "A"),
            queries.promql(
                increase("alarms_triggers_redelivered_total", span="$__interval"), "told again", "B"
            ),
            queries.promql(increase("alarms_triggers_expired_total", span="$__interval"), "expired", "C"),
            queries.promql(
                increase("alarms_triggers_forgotten_total", span="$__interval"), "left to the database", "D"
            ),
            unit="short",
            empty=_NO_ALARMS,
            draw="bars",
        ).interval("1m"),
        panels.time_series(
            "From the measurement to the machine's answer",
            "From the time of what was measured to the receipt of its trigger's acknowledgement, and from when the machine was told. "
            "The difference is the way through the pipeline.",
            queries.promql(
                quantile(0.99, "alarms_trigger_event_to_acknowledgement_seconds"), "measured, p99", "A"
            ),
            queries.promql(
                quantile(0.99, "alarms_trigger_sent_to_acknowledgement_seconds"), "told, p99", "B"
            ),
            unit="s",
            empty="No machine was told",
            thresholds=thresholds.rising(1, 10),
            draw="points",
        ),
    ]
