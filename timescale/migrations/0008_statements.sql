-- What the database does over time: snapshots of the statements' counters, of sizes and of connections, taken by
-- python -m timescale maintain, or by a job of TimescaleDB's community edition. docs/database.md explains them.

-- The text is kept once. Constants are $1, $2 … in it: shown_statement() keeps no other text.
CREATE TABLE statement (
    id        int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    role_id   oid NOT NULL,
    queryid   bigint NOT NULL,
    role_name text NOT NULL,
    text      text NOT NULL CHECK (length(text) <= 2000),
    UNIQUE (queryid, role_id)
);

-- Counters of the statements that ran since the snapshot before, as pg_stat_statements and pg_stat_kcache have them: since
-- stats_since and kcache_since. What did not run has no row, so a quiet database grows by nothing.
CREATE TABLE statement_snapshot (
    time                timestamptz NOT NULL,
    statement_id        int NOT NULL REFERENCES statement ON DELETE CASCADE,
    stats_since         timestamptz,                 -- NULL: pg_stat_statements before PostgreSQL 17
    calls               bigint NOT NULL,
    rows                bigint NOT NULL,
    elapsed_ms          double precision NOT NULL,
    io_ms               double precision NOT NULL,   -- waiting for reads and writes, where track_io_timing is on
    shared_hit          bigint NOT NULL,             -- blocks, here and in the next five
    shared_read         bigint NOT NULL,
    shared_dirtied      bigint NOT NULL,
    shared_written      bigint NOT NULL,
    temporary_read      bigint NOT NULL,
    temporary_written   bigint NOT NULL,
    wal_records         bigint NOT NULL,
    wal_bytes           bigint NOT NULL,
    kcache_since        timestamptz,                 -- this and what follows is NULL without pg_stat_kcache
    user_s              double precision,            -- of CPU
    system_s            double precision,
    disk_read_bytes     bigint,                      -- from and to the device, not the kernel's cache
    disk_written_bytes  bigint,
    PRIMARY KEY (time, statement_id)
);
CREATE INDEX ON statement_snapshot (statement_id, time DESC);

-- One row a snapshot. Counters of the whole server begin anew at a crash.
CREATE TABLE database_snapshot (
    time                  timestamptz PRIMARY KEY,
    has_counters          boolean NOT NULL,  -- statement_snapshot tells what ran until then; see thin_statement_snapshots()
    statements            int,               -- that ran since the snapshot before; NULL: they could not be read
    left_out              int,               -- of these, beyond the bound: they come with a later snapshot
    database_bytes        bigint,            -- sizes are measured every five minutes, and NULL in between
    maximum_connections   int NOT NULL,
    longest_transaction_s double precision,  -- NULL: none is open
    waiting_for_locks     int NOT NULL,
    autovacuum_workers    int NOT NULL,
    transaction_age       bigint NOT NULL,   -- of the oldest row that is not frozen
    commits               bigint NOT NULL,
    rollbacks             bigint NOT NULL,
    deadlocks             bigint NOT NULL,
    blocks_hit            bigint NOT NULL,
    blocks_read           bigint NOT NULL,
    temporary_bytes       bigint NOT NULL,
    wal_bytes             bigint NOT NULL,   -- the position in the log, which is never set back
    checkpoints_timed     bigint NOT NULL,
    checkpoints_requested bigint NOT NULL,
    -- by whatever statement: TimescaleDB runs COPY into a hypertable itself, and pg_stat_statements never hears of it
    rows_inserted         bigint NOT NULL,
    rows_updated          bigint NOT NULL,
    rows_deleted          bigint NOT NULL
);
CREATE INDEX database_snapshot_counters ON database_snapshot (time) WHERE has_counters;

-- Clients of the whole server.
CREATE TABLE connection_snapshot (
    time        timestamptz NOT NULL,
    role_name   text NOT NULL,
    state       text NOT NULL,  -- active, idle, idle in transaction …
    connections int NOT NULL,
    PRIMARY KEY (time, role_name, state)
);

-- A hypertable is one row, with all of its chunks.
CREATE TABLE table_snapshot (
    time                   timestamptz NOT NULL,
    table_name             text NOT NULL,
    chunks                 int,                -- NULL: no hypertable
    compressed_chunks      int,
    total_bytes            bigint NOT NULL,    -- with indexes and TOAST
    bytes_before           bigint,             -- of the compressed chunks: before compression, and now
    bytes_after            bigint,
    live_rows              bigint NOT NULL,    -- estimates
    dead_rows              bigint NOT NULL,
    last_vacuum            timestamptz,
    last_analyze           timestamptz,
    vacuums                bigint NOT NULL,    -- since the statistics began
    PRIMARY KEY (time, table_name)
);

-- What is kept and shown of a statement. pg_stat_statements replaces the constants of queries, but not those of
-- commands (ALTER ROLE … PASSWORD, COPY … TO PROGRAM): of these the first words only.
CREATE FUNCTION shown_statement(query text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    bare text := regexp_replace(query, '^(\s|\(|--[^\n]*(\n|$)|/\*([^*]|\*+[^*/])*\*+/)+', '');
BEGIN
    IF bare ~* '^(select|insert|update|delete|merge|with|values|table)\M'
        OR bare ~* '^copy\s+[a-z0-9_."]+\s*(\([^()'']*\)\s*)?from\s+stdin\M' THEN
        RETURN left(query, 2000);
    END IF;
    RETURN upper(left(coalesce(substring(bare FROM '^[A-Za-z]+(?:\s+[A-Za-z]+)?\M'), ''), 100)) || ' …';
END
$$;

-- pg_stat_kcache's counters of this database; no rows where it is not installed or not loaded.
CREATE FUNCTION kcache_counters()
RETURNS TABLE (
    role_id oid, queryid bigint, kcache_since timestamptz, user_s double precision, system_s double precision,
    disk_read_bytes bigint, disk_written_bytes bigint
)
LANGUAGE plpgsql STABLE ROWS 1000
AS $$
BEGIN
    IF to_regproc('pg_stat_kcache') IS NULL OR current_setting('pg_stat_kcache.linux_hz', true) IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT k.userid, k.queryid, (to_jsonb(k) ->> 'stats_since')::timestamptz,  -- older versions have none
           k.exec_user_time, k.exec_system_time, k.exec_reads, k.exec_writes
    FROM pg_stat_kcache() k
    WHERE k.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND k.top;
END
$$;

-- Writes a row for each statement of this database that ran since the snapshot before, at most `most`, those that took the
-- longest; says how many, how many it left out, and why it wrote none. The first snapshot has all, to count from.
CREATE FUNCTION record_statements(at timestamptz, most int, OUT statements int, OUT left_out int, OUT problem text)
LANGUAGE plpgsql
AS $$
DECLARE
    most_known    constant int := 10000;
    this_database constant oid := (SELECT oid FROM pg_database WHERE datname = current_database());
BEGIN
    problem := CASE
        WHEN to_regclass('pg_stat_statements') IS NULL THEN 'the extension pg_stat_statements is missing'
        WHEN current_setting('pg_stat_statements.max', true) IS NULL
            THEN 'pg_stat_statements is not in shared_preload_libraries'
        WHEN NOT pg_has_role('pg_read_all_stats', 'USAGE') THEN current_user || ' is no member of pg_read_all_stats'
    END;
    IF problem IS NOT NULL THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM database_snapshot d WHERE d.has_counters) THEN
        most := most_known;
    END IF;

    INSERT INTO statement (role_id, queryid, role_name, text)
    SELECT e.userid, e.queryid, pg_get_userbyid(e.userid), shown_statement(e.query)
    FROM pg_stat_statements e
    WHERE e.dbid = this_database AND e.toplevel AND e.query IS NOT NULL
      AND NOT EXISTS (SELECT FROM statement k WHERE k.queryid = e.queryid AND k.role_id = e.userid)
    ORDER BY e.total_exec_time DESC
    LIMIT greatest(0, least(most, most_known - (SELECT count(*) FROM statement)));

    WITH ran AS MATERIALIZED (
        SELECT e AS entry, k.id, e.total_exec_time - coalesce(p.elapsed_ms, 0) AS more_ms
        FROM pg_stat_statements(false) e
        LEFT JOIN statement k ON k.queryid = e.queryid AND k.role_id = e.userid
        LEFT JOIN LATERAL (
            SELECT s.calls, s.elapsed_ms FROM statement_snapshot s
            WHERE s.statement_id = k.id ORDER BY s.time DESC LIMIT 1
        ) p ON true
        WHERE e.dbid = this_database AND e.toplevel
          AND (e.calls, e.total_exec_time) IS DISTINCT FROM (p.calls, p.elapsed_ms)
    ), written AS (
        INSERT INTO statement_snapshot
        SELECT at, r.id, (j ->> 'stats_since')::timestamptz,
               (entry).calls, (entry).rows, (entry).total_exec_time,
               coalesce(j ->> 'shared_blk_read_time', j ->> 'blk_read_time')::double precision  -- before PostgreSQL 17
                   + coalesce(j ->> 'shared_blk_write_time', j ->> 'blk_write_time')::double precision
                   + coalesce((j ->> 'temp_blk_read_time')::double precision, 0)
                   + coalesce((j ->> 'temp_blk_write_time')::double precision, 0),
               (entry).shared_blks_hit, (entry).shared_blks_read,
               (entry).shared_blks_dirtied, (entry).shared_blks_written,
               (entry).temp_blks_read, (entry).temp_blks_written, (entry).wal_records, (entry).wal_bytes,
               c.kcache_since, c.user_s, c.system_s, c.disk_read_bytes, c.disk_written_bytes
        FROM (SELECT * FROM ran WHERE id IS NOT NULL ORDER BY more_ms DESC LIMIT most) r
        CROSS JOIN LATERAL to_jsonb(r.entry) AS j
        LEFT JOIN kcache_counters() c ON c.queryid = (entry).queryid AND c.role_id = (entry).userid
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM ran) - (SELECT count(*) FROM written)
    INTO statements, left_out;
END
$$;

-- Sizes, chunks and dead rows of the tables.
CREATE FUNCTION record_tables(at timestamptz) RETURNS void
LANGUAGE sql
AS $$
INSERT INTO table_snapshot
WITH chunk AS (
    SELECT c.hypertable_name,
           count(*) AS chunks,
           count(*) FILTER (WHERE c.is_compressed) AS compressed_chunks,
           sum(s.n_live_tup) AS live_rows,
           sum(s.n_dead_tup) AS dead_rows,
           max(greatest(s.last_vacuum, s.last_autovacuum)) AS last_vacuum,
           max(greatest(s.last_analyze, s.last_autoanalyze)) AS last_analyze,
           sum(s.vacuum_count + s.autovacuum_count) AS vacuums
    FROM timescaledb_information.chunks c
    LEFT JOIN pg_stat_all_tables s ON s.schemaname = c.chunk_schema AND s.relname = c.chunk_name
    WHERE c.hypertable_schema = 'public'
    GROUP BY c.hypertable_name
), hypertable AS (
    SELECT h.hypertable_name, format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass AS id
    FROM timescaledb_information.hypertables h WHERE h.hypertable_schema = 'public'
)
SELECT at, h.hypertable_name, coalesce(c.chunks, 0), coalesce(c.compressed_chunks, 0),
       coalesce(hypertable_size(h.id), 0), p.before_compression_total_bytes, p.after_compression_total_bytes,
       coalesce(c.live_rows, 0), coalesce(c.dead_rows, 0), c.last_vacuum, c.last_analyze, coalesce(c.vacuums, 0)
FROM hypertable h
LEFT JOIN chunk c USING (hypertable_name)
LEFT JOIN LATERAL hypertable_compression_stats(h.id) p ON true
UNION ALL
SELECT at, s.relname, NULL, NULL, coalesce(pg_total_relation_size(s.relid), 0), NULL, NULL,  -- NULL: just dropped
       s.n_live_tup, s.n_dead_tup, greatest(s.last_vacuum, s.last_autovacuum),
       greatest(s.last_analyze, s.last_autoanalyze), s.vacuum_count + s.autovacuum_count
FROM pg_stat_user_tables s
WHERE s.schemaname = 'public' AND s.relid NOT IN (SELECT id FROM hypertable)
$$;

-- Takes what is older than `keep` away. A statement that has not run for so long goes, too; if pg_stat_statements still has it,
-- it comes again with the snapshot that is taken now, to count from.
CREATE FUNCTION forget_snapshots(at timestamptz, keep interval) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan  -- next to nothing is that old
AS $$
DECLARE
    oldest constant timestamptz := at - keep;
BEGIN
    -- a clock that was set back leaves snapshots from the future, which no interval could begin with
    DELETE FROM database_snapshot WHERE time < oldest OR time >= at;
    DELETE FROM connection_snapshot WHERE time < oldest OR time >= at;
    DELETE FROM table_snapshot WHERE time < oldest OR time >= at;
    DELETE FROM statement_snapshot WHERE time < oldest OR time >= at;
    DELETE FROM statement k WHERE (SELECT max(s.time) FROM statement_snapshot s WHERE s.statement_id = k.id) IS NULL;
END
$$;

-- Of an hour that was over a day before `at`, one snapshot of the statements stays, its last: counters are sums, so nothing is
-- lost but where in the hour it was, and what a statement did before it was reset within the hour. The first hour of all, in
-- which counting began, stays as it is. One hour a call.
CREATE FUNCTION thin_statement_snapshots(at timestamptz) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    hour timestamptz;
    last timestamptz;
BEGIN
    SELECT date_trunc('hour', d.time, 'UTC'), max(d.time) INTO hour, last
    FROM database_snapshot d
    WHERE d.has_counters AND d.time < date_trunc('hour', at - INTERVAL '1 day', 'UTC')
      AND d.time >= (SELECT date_trunc('hour', min(f.time), 'UTC') FROM database_snapshot f WHERE f.has_counters)
                    + INTERVAL '1 hour'
    GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    DELETE FROM statement_snapshot s
    WHERE s.time >= hour AND s.time < last
      AND EXISTS (
          SELECT FROM statement_snapshot n
          WHERE n.statement_id = s.statement_id AND n.time > s.time AND n.time <= last
      );
    UPDATE statement_snapshot SET time = last WHERE time >= hour AND time < last;
    UPDATE database_snapshot SET has_counters = false WHERE time >= hour AND time < last AND has_counters;
END
$$;

CREATE FUNCTION checkpoint_counters(OUT timed bigint, OUT requested bigint)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF to_regclass('pg_stat_checkpointer') IS NULL THEN  -- before PostgreSQL 17
        SELECT b.checkpoints_timed, b.checkpoints_req INTO timed, requested FROM pg_stat_bgwriter b;
    ELSE
        SELECT c.num_timed, c.num_requested INTO timed, requested FROM pg_stat_checkpointer c;
    END IF;
END
$$;

-- One snapshot. `taken` is false where somebody else takes one at this moment; `problem` says why it has no statements.
CREATE FUNCTION take_database_snapshot(
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

-- What TimescaleDB's scheduler calls; config: {"keep": an interval}.
CREATE PROCEDURE database_snapshot_job(job_id int, config jsonb)
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM take_database_snapshot(coalesce((config ->> 'keep')::interval, '14 days'));
END
$$;

-- The intervals that end after from_time and not after to_time, each with its length: where statements were read.
CREATE FUNCTION snapshot_interval(from_time timestamptz, to_time timestamptz)
RETURNS TABLE ("time" timestamptz, seconds double precision)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 400
AS $$
WITH snapshot AS (
    SELECT d.time, lag(d.time) OVER (ORDER BY d.time) AS previous
    FROM database_snapshot d
    WHERE d.has_counters AND d.time <= to_time
      AND d.time >= coalesce(
          (SELECT max(e.time) FROM database_snapshot e WHERE e.has_counters AND e.time <= from_time),
          from_time)
)
SELECT s.time, extract(epoch FROM s.time - s.previous)::double precision
FROM snapshot s WHERE s.previous IS NOT NULL AND s.time > from_time
$$;

-- What each statement did in each of these intervals; no row where it did nothing. It was at least that: what a crash
-- or pg_stat_statements itself forgot between two snapshots is not known.
CREATE FUNCTION statement_activity(from_time timestamptz, to_time timestamptz)
RETURNS TABLE (
    "time" timestamptz, seconds double precision, statement_id int, calls bigint, rows bigint,
    elapsed_ms double precision, io_ms double precision, shared_hit bigint, shared_read bigint, shared_dirtied bigint,
    shared_written bigint, temporary_read bigint, temporary_written bigint, wal_records bigint, wal_bytes bigint,
    cpu_s double precision, disk_read_bytes bigint, disk_written_bytes bigint
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
AS $$
WITH current AS (
    SELECT * FROM statement_snapshot s WHERE s.time > from_time AND s.time <= to_time
), base AS (  -- of each its newest before: it may be long ago
    SELECT b.*
    FROM (SELECT DISTINCT c.statement_id FROM current c) x
    CROSS JOIN LATERAL (
        SELECT * FROM statement_snapshot s
        WHERE s.statement_id = x.statement_id AND s.time <= from_time ORDER BY s.time DESC LIMIT 1
    ) b
), paired AS (
    SELECT c.*,
           lag(c.time) OVER w AS was_time, lag(c.stats_since) OVER w AS was_stats_since,
           lag(c.kcache_since) OVER w AS was_kcache_since,
           lag(c.calls) OVER w AS was_calls,
           lag(c.rows) OVER w AS was_rows,
           lag(c.elapsed_ms) OVER w AS was_elapsed_ms,
           lag(c.io_ms) OVER w AS was_io_ms,
           lag(c.shared_hit) OVER w AS was_shared_hit,
           lag(c.shared_read) OVER w AS was_shared_read,
           lag(c.shared_dirtied) OVER w AS was_shared_dirtied,
           lag(c.shared_written) OVER w AS was_shared_written,
           lag(c.temporary_read) OVER w AS was_temporary_read,
           lag(c.temporary_written) OVER w AS was_temporary_written,
           lag(c.wal_records) OVER w AS was_wal_records,
           lag(c.wal_bytes) OVER w AS was_wal_bytes,
           lag(c.user_s) OVER w AS was_user_s,
           lag(c.system_s) OVER w AS was_system_s,
           lag(c.disk_read_bytes) OVER w AS was_disk_read_bytes,
           lag(c.disk_written_bytes) OVER w AS was_disk_written_bytes
    FROM (TABLE current UNION ALL TABLE base) c
    WINDOW w AS (PARTITION BY c.statement_id ORDER BY c.time)
), judged AS (
    SELECT p.*,
           -- counted from nought since the snapshot before: a reset, a crash, an entry that was evicted and came again
           p.was_time IS NULL OR p.stats_since IS DISTINCT FROM p.was_stats_since OR p.calls < p.was_calls AS anew,
           p.was_user_s IS NULL OR p.kcache_since IS DISTINCT FROM p.was_kcache_since
               OR p.user_s < p.was_user_s OR p.system_s < p.was_system_s AS kcache_anew,
           -- what was there before anybody counted is of no interval
           p.was_user_s IS NOT NULL OR p.kcache_since >= coalesce(p.was_time, f.time) AS kcache_known
    FROM paired p
    CROSS JOIN (SELECT min(d.time) AS time FROM database_snapshot d WHERE d.has_counters) f
    WHERE p.time > from_time AND (p.was_time IS NOT NULL OR p.stats_since >= f.time)
), delta AS (
    SELECT j.time, j.statement_id,
           j.calls - CASE WHEN j.anew THEN 0 ELSE j.was_calls END AS calls,
           j.rows - CASE WHEN j.anew THEN 0 ELSE j.was_rows END AS rows,
           j.elapsed_ms - CASE WHEN j.anew THEN 0 ELSE j.was_elapsed_ms END AS elapsed_ms,
           j.io_ms - CASE WHEN j.anew THEN 0 ELSE j.was_io_ms END AS io_ms,
           j.shared_hit - CASE WHEN j.anew THEN 0 ELSE j.was_shared_hit END AS shared_hit,
           j.shared_read - CASE WHEN j.anew THEN 0 ELSE j.was_shared_read END AS shared_read,
           j.shared_dirtied - CASE WHEN j.anew THEN 0 ELSE j.was_shared_dirtied END AS shared_dirtied,
           j.shared_written - CASE WHEN j.anew THEN 0 ELSE j.was_shared_written END AS shared_written,
           j.temporary_read - CASE WHEN j.anew THEN 0 ELSE j.was_temporary_read END AS temporary_read,
           j.temporary_written - CASE WHEN j.anew THEN 0 ELSE j.was_temporary_written END AS temporary_written,
           j.wal_records - CASE WHEN j.anew THEN 0 ELSE j.was_wal_records END AS wal_records,
           j.wal_bytes - CASE WHEN j.anew THEN 0 ELSE j.was_wal_bytes END AS wal_bytes,
           CASE WHEN j.kcache_known THEN
               j.user_s + j.system_s - CASE WHEN j.kcache_anew THEN 0 ELSE j.was_user_s + j.was_system_s END
           END AS cpu_s,
           CASE WHEN j.kcache_known THEN
               j.disk_read_bytes - CASE WHEN j.kcache_anew THEN 0 ELSE j.was_disk_read_bytes END
           END AS disk_read_bytes,
           CASE WHEN j.kcache_known THEN
               j.disk_written_bytes - CASE WHEN j.kcache_anew THEN 0 ELSE j.was_disk_written_bytes END
           END AS disk_written_bytes
    FROM judged j
)
SELECT d.time, i.seconds, d.statement_id, d.calls, d.rows, d.elapsed_ms, d.io_ms, d.shared_hit, d.shared_read,
       d.shared_dirtied, d.shared_written, d.temporary_read, d.temporary_written, d.wal_records, d.wal_bytes, d.cpu_s,
       d.disk_read_bytes, d.disk_written_bytes
FROM delta d
JOIN snapshot_interval(from_time, to_time) i ON i.time = d.time
$$;

-- How far a counter went on; one that is less than before began anew.
CREATE FUNCTION counter_growth(counter bigint, before bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN counter >= before THEN counter - before ELSE counter END;

-- What the database as a whole did in each interval.
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
       counter_growth((n).rows_inserted, (p).rows_inserted),
       counter_growth((n).rows_updated, (p).rows_updated),
       counter_growth((n).rows_deleted, (p).rows_deleted)
FROM paired
WHERE (p).time IS NOT NULL AND (n).time > from_time
$$;

-- For questions by hand: rates, and the text. With a long history ask the functions, which read only the time they are asked for.
CREATE VIEW statement_overview AS
SELECT a.time,
       a.seconds,
       k.role_name,
       a.calls,
       a.calls / a.seconds AS calls_per_s,
       a.rows,
       a.rows / a.seconds AS rows_per_s,
       a.elapsed_ms,
       a.elapsed_ms / nullif(a.calls, 0) AS mean_ms,
       100.0 * a.shared_hit / nullif(a.shared_hit + a.shared_read, 0) AS hit_percent,
       a.wal_bytes,
       a.cpu_s,
       a.disk_read_bytes,
       a.disk_written_bytes,
       k.text,
       k.id AS statement_id
FROM statement_activity('-infinity', 'infinity') a
JOIN statement k ON k.id = a.statement_id;

GRANT SELECT ON statement, statement_snapshot, statement_overview, database_snapshot, connection_snapshot, table_snapshot
    TO streaming_control, streaming_web, streaming_readonly;
