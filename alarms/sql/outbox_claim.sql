-- Rows to be sent now, for this process alone until its lease ends: then they are due again, for anybody.
-- Of each lane no more than it has room for; a lane without any is passed over, however much waits in it.
WITH due AS (
    SELECT id, lane, row_number() OVER (PARTITION BY lane ORDER BY due_at, id) AS place
    FROM (
        SELECT id, due_at, coalesce(payload ->> 'lane', '') AS lane
        FROM alarm_outbox
        WHERE done_at IS NULL AND given_up_at IS NULL AND due_at <= now()
            AND action = ANY (%(actions)s)
            AND NOT coalesce(payload ->> 'lane', '') = ANY (%(full)s)
        ORDER BY due_at, id
        LIMIT 500
    ) AS oldest
), chosen AS (
    SELECT o.id
    FROM alarm_outbox o
    JOIN due ON due.id = o.id
    LEFT JOIN unnest(%(lanes)s::text[], %(busy)s::int[]) AS b (lane, busy) ON b.lane = due.lane
    WHERE due.place <= %(each)s - coalesce(b.busy, 0)
        AND o.done_at IS NULL AND o.given_up_at IS NULL AND o.due_at <= now()
    ORDER BY o.due_at, o.id
    LIMIT %(free)s
    FOR UPDATE OF o SKIP LOCKED
)
UPDATE alarm_outbox o
SET attempts = o.attempts + 1, due_at = clock_timestamp() + %(lease)s
FROM chosen
WHERE o.id = chosen.id
RETURNING o.id, o.key, o.action, o.payload, o.attempts, o.due_at,
    extract(epoch FROM now() - o.created_at)::double precision
