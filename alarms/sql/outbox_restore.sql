-- The way back of a sensor whose sample frequency was raised: one row a sensor.
-- While it waits, the time is the latest that anybody asked for and the frequency is the first: a later one is a
-- raised one. The same where it was sent a moment ago and the sensor has not done it yet.
INSERT INTO alarm_outbox AS o (key, alarm_id, action, payload, due_at, created_at)
VALUES (%(key)s, %(alarm_id)s, %(action)s, %(payload)s, now() + %(wait)s, now() + %(wait)s)
ON CONFLICT (key) DO UPDATE SET
    alarm_id = excluded.alarm_id,
    payload = CASE
        WHEN (o.done_at IS NULL AND o.given_up_at IS NULL)
            OR (coalesce(o.done_at, o.given_up_at) > now() - INTERVAL '1 hour'
                AND excluded.payload -> 'fields' -> 'sample_frequency_hz' = o.payload -> 'raised_hz')
        THEN excluded.payload || jsonb_build_object('fields', o.payload -> 'fields')
        ELSE excluded.payload END,
    due_at = CASE
        WHEN o.done_at IS NULL AND o.given_up_at IS NULL THEN greatest(o.due_at, excluded.due_at)
        ELSE excluded.due_at END,
    created_at = CASE
        WHEN o.done_at IS NULL AND o.given_up_at IS NULL THEN greatest(o.created_at, excluded.created_at)
        ELSE excluded.created_at END,
    attempts = 0,
    done_at = NULL,
    given_up_at = NULL,
    error = NULL
