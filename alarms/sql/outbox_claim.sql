-- Rows to be sent now, for this process alone until its lease ends: then they are due again, for anybody.
-- Of each lane no more than it has room for; a lane without any is passed over, however much waits in it.
-- Rows are locked by their ids, which are found first: how many are due is what the planner knows least.
WITH oldest AS MATERIALIZED (
    SELECT id, due_at, coalesce(payload ->> 'lane', '') AS lane
    FROM alarm_outbox
    WHERE done_at IS NULL AND given_up_at IS NULL AND due_at <= now()
        AND action = ANY (%(actions)s)
        AND NOT coalesce(payload ->> 'lane', '') = ANY (%(full)s)
    ORDER BY due_at, id
    LIMIT 500
), placed AS (
    SELECT id, lane, row_number() OVER (PARTITION BY lane ORDER BY due_at, id) AS place
    FROM oldest
), room AS MATERIALIZED (
    SELECT placed.id
    FROM placed
    LEFT JOIN unnest(%(lanes)s::text[], %(busy)s::int[]) AS b (lane, busy) ON b.lane = placed.lane
    WHERE placed.place <= %(each)s - coalesce(b.busy, 0)
), chosen AS (
    SELECT id
    FROM alarm_outbox
    WHERE id = ANY (ARRAY(SELECT id FROM room))
        AND done_at IS NULL AND given_up_at IS NULL AND due_at <= now()
    ORDER BY due_at, id
    LIMIT %(free)s
    FOR UPDATE SKIP LOCKED
)
UPDATE alarm_outbox o
SET attempts = o.attempts + 1, due_at = clock_timestamp() + %(lease)s
FROM chosen
WHERE o.id = chosen.id
RETURNING o.id, o.key, o.action, o.payload, o.attempts, o.due_at,
    extract(epoch FROM now() - o.created_at)::double precision
