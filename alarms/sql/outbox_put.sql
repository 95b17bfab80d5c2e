-- New rows, by their keys; those that are there are left as they are. Times by this server's clock.
INSERT INTO alarm_outbox (key, alarm_id, action, payload, due_at, created_at)
SELECT key, alarm_id, action, payload, now() + wait, now() + wait
FROM unnest(%(keys)s::text[], %(alarm_ids)s::uuid[], %(actions)s::text[], %(payloads)s::jsonb[], %(waits)s::interval[])
    AS t (key, alarm_id, action, payload, wait)
ON CONFLICT (key) DO NOTHING
RETURNING key
