-- An alarm as it is after a transition. What is judged again after a crash comes to the same.
INSERT INTO alarm (id, rule_id, sensor_id, channel, level, severity, message, value, unit, active, acknowledged, suppressed,
                   shelved_until, occurrences, activated_at, cleared_at, acknowledged_at, acknowledged_by, closed_at)
VALUES (%(id)s, %(rule_id)s, %(sensor_id)s, %(channel)s, %(level)s, %(severity)s, %(message)s, %(value)s, %(unit)s,
        %(active)s, %(acknowledged)s, %(suppressed)s, %(shelved_until)s::timestamptz, %(occurrences)s,
        nanoseconds_to_time(%(activated_ns)s), nanoseconds_to_time(%(cleared_ns)s),
        nanoseconds_to_time(%(acknowledged_ns)s), %(acknowledged_by)s, nanoseconds_to_time(%(closed_ns)s))
ON CONFLICT (id) DO UPDATE
SET level = excluded.level,
    severity = excluded.severity,
    message = excluded.message,
    value = excluded.value,
    active = excluded.active,
    acknowledged = excluded.acknowledged,
    suppressed = excluded.suppressed,
    shelved_until = excluded.shelved_until,
    occurrences = excluded.occurrences,
    activated_at = excluded.activated_at,
    cleared_at = excluded.cleared_at,
    acknowledged_at = excluded.acknowledged_at,
    acknowledged_by = excluded.acknowledged_by,
    closed_at = excluded.closed_at
