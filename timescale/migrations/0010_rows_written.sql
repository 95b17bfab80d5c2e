-- Rows that were written, by whatever statement: TimescaleDB runs COPY into a hypertable itself, and pg_stat_statements never
-- hears of it. That is how measurements come in.
ALTER TABLE database_snapshot
    ADD COLUMN rows_inserted bigint,  -- NULL: the snapshot is older than this column
    ADD COLUMN rows_updated  bigint,
    ADD COLUMN rows_deleted  bigint;

-- One snapshot. `taken` is false where somebody else takes one at this moment; `problem` says why it has no statements.
CREATE OR REPLACE FUNCTION take_database_snapshot(
    keep interval DEFAULT '14 days', most int DEFAULT 100,
    OUT taken boolean, OUT statements int, OUT left_out int, OUT problem text
)
LANGUAGE plpgsql
AS $$
DECLARE
    at    constant timestamptz := clock_timestamp();
    sizes constant boolean := NOT EXISTS (
        SELECT FROM database_snapshot d WHERE d.database_bytes IS NOT NULL AND d.time > at - INTERVAL '295 seconds');
BEGIN
    IF keep <= INTERVAL '0' OR most < 1 THEN
        RAISE 'keep and most must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    taken := pg_try_advisory_xact_lock(6181907);
    IF NOT taken THEN
        RETURN;
    END IF;
    PERFORM forget_snapshots(at, keep);
    PERFORM thin_statement_snapshots(at);
    SELECT r.statements, r.left_out, r.problem INTO statements, left_out, problem FROM record_statements(at, most) r;
    IF sizes THEN
        PERFORM record_tables(at);
    END IF;
    INSERT INTO connection_snapshot
    SELECT at, coalesce(a.usename, 'unknown'), coalesce(a.state, 'unknown'), count(*)
    FROM pg_stat_activity a WHERE a.backend_type = 'client backend' GROUP BY 2, 3;
    INSERT INTO database_snapshot
    SELECT at, statements IS NOT NULL, statements, left_out, CASE WHEN sizes THEN pg_database_size(d.datid) END,
           current_setting('max_connections')::int, a.longest_transaction_s, a.waiting_for_locks, a.autovacuum_workers,
           (SELECT age(datfrozenxid) FROM pg_database WHERE oid = d.datid),
           d.xact_commit, d.xact_rollback, d.deadlocks, d.blks_hit, d.blks_read, d.temp_bytes,
           pg_current_wal_lsn() - '0/0', c.timed, c.requested, d.tup_inserted, d.tup_updated, d.tup_deleted
    FROM pg_stat_database d
    CROSS JOIN checkpoint_counters() c
    CROSS JOIN (
        SELECT extract(epoch FROM clock_timestamp() - min(xact_start) FILTER (
                   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())) AS longest_transaction_s,
               count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting_for_locks,
               count(*) FILTER (WHERE backend_type = 'autovacuum worker') AS autovacuum_workers
        FROM pg_stat_activity
    ) a
    WHERE d.datname = current_database();
END
$$;

-- What the database as a whole did in each interval.
DROP FUNCTION database_activity(timestamptz, timestamptz);
CREATE FUNCTION database_activity(from_time timestamptz, to_time timestamptz)
RETURNS TABLE (
    "time" timestamptz, seconds double precision, commits bigint, rollbacks bigint, deadlocks bigint, blocks_hit bigint,
    blocks_read bigint, temporary_bytes bigint, wal_bytes bigint, checkpoints_timed bigint, checkpoints_requested bigint,
    rows_inserted bigint, rows_updated bigint, rows_deleted bigint
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 400
AS $$
WITH paired AS (
    SELECT d AS n, lag(d) OVER (ORDER BY d.time) AS p
    FROM database_snapshot d
    WHERE d.time <= to_time
      AND d.time >= coalesce((SELECT max(e.time) FROM database_snapshot e WHERE e.time <= from_time), from_time)
)
SELECT (n).time,
       extract(epoch FROM (n).time - (p).time)::double precision,
       counter_growth((n).commits, (p).commits),
       counter_growth((n).rollbacks, (p).rollbacks),
       counter_growth((n).deadlocks, (p).deadlocks),
       counter_growth((n).blocks_hit, (p).blocks_hit),
       counter_growth((n).blocks_read, (p).blocks_read),
       counter_growth((n).temporary_bytes, (p).temporary_bytes),
       counter_growth((n).wal_bytes, (p).wal_bytes),
       counter_growth((n).checkpoints_timed, (p).checkpoints_timed),
       counter_growth((n).checkpoints_requested, (p).checkpoints_requested),
       CASE WHEN (p).rows_inserted IS NOT NULL THEN counter_growth((n).rows_inserted, (p).rows_inserted) END,
       CASE WHEN (p).rows_updated IS NOT NULL THEN counter_growth((n).rows_updated, (p).rows_updated) END,
       CASE WHEN (p).rows_deleted IS NOT NULL THEN counter_growth((n).rows_deleted, (p).rows_deleted) END
FROM paired
WHERE (p).time IS NOT NULL AND (n).time > from_time
$$;
