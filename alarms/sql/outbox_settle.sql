-- What came of attempts. A row that was changed or claimed again meanwhile is left alone: it will be sent once more.
UPDATE alarm_outbox o
SET done_at = CASE WHEN s.outcome = 'sent' THEN clock_timestamp() END,
    given_up_at = CASE WHEN s.outcome = 'given_up' THEN clock_timestamp() END,
    due_at = CASE WHEN s.outcome = 'again' THEN clock_timestamp() + s.wait ELSE o.due_at END,
    payload = coalesce(s.payload, o.payload),
    error = s.error
FROM unnest(
    %(ids)s::bigint[], %(attempts)s::int[], %(leases)s::timestamptz[], %(outcomes)s::text[], %(waits)s::interval[],
    %(payloads)s::jsonb[], %(errors)s::text[]
) AS s (id, attempts, lease, outcome, wait, payload, error)
WHERE o.id = s.id AND o.attempts = s.attempts AND o.due_at = s.lease AND o.done_at IS NULL AND o.given_up_at IS NULL
