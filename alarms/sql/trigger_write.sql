-- The acknowledgement may have come before.
INSERT INTO alarm_trigger (id, alarm_id, target, message, created_at, expires_at, escalate_at)
VALUES (%(id)s, %(alarm_id)s, %(target)s, %(message)s, nanoseconds_to_time(%(created_ns)s),
        nanoseconds_to_time(%(expires_ns)s), nanoseconds_to_time(%(escalate_ns)s))
ON CONFLICT (id) DO UPDATE
SET alarm_id = excluded.alarm_id, target = excluded.target, message = excluded.message,
    created_at = excluded.created_at, expires_at = excluded.expires_at, escalate_at = excluded.escalate_at
WHERE alarm_trigger.message IS NULL
