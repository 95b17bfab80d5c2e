-- Two weeks of snapshots, as they are kept: one a minute, each with the most statements that it may have (100 of 400 in turn);
-- of what is older than a day one an hour, with all of those that ran in that hour.
INSERT INTO database_snapshot
SELECT t, t > now() - INTERVAL '1 day' OR extract(minute FROM t) = 59, 100, 3, CASE WHEN i % 5 = 0 THEN 5e9 - i * 1e5 END,
       100, i % 7, 0, 1, 1e6, 1e8 - i * 100, 1000 - i / 100, 0, 1e9 - i * 1000, 1e7 - i, 0, 1e12 - i * 1e6, 2000 - i / 60, 3,
       1e10 - i * 1e4, 1e6 - i, 0
FROM generate_series(0, 14 * 1440 - 1) i, LATERAL (SELECT date_trunc('minute', now()) - i * INTERVAL '1 minute' AS t) x;

INSERT INTO statement (role_id, queryid, role_name, text)
SELECT i % 5, i, 'streaming_' || (ARRAY['ingest', 'alarms', 'control', 'web', 'readonly'])[i % 5 + 1],
       'SELECT ' || i || repeat(' column_with_a_name,', 15) FROM generate_series(1, 400) i;

INSERT INTO statement_snapshot
SELECT d.time, k.id, now() - INTERVAL '20 days', n, n * 3, n * 0.7, n * 0.1, n * 40, n, 0, 0, 0, 0, n, n * 100,
       now() - INTERVAL '20 days', n * 0.0004, n * 0.0001, n * 512, n * 1024
FROM database_snapshot d
CROSS JOIN LATERAL (SELECT (1e9 + extract(epoch FROM d.time - now()) / 60 * 50)::bigint AS n) c
JOIN statement k ON d.time < now() - INTERVAL '1 day' OR (k.id + extract(minute FROM d.time)::int) % 4 = 0
WHERE d.has_counters;

INSERT INTO connection_snapshot
SELECT d.time, 'streaming_' || r, s, 2 FROM database_snapshot d,
     unnest(ARRAY['ingest', 'alarms', 'control', 'web', 'readonly', 'owner']) r, unnest(ARRAY['idle', 'active']) s;

INSERT INTO table_snapshot
SELECT d.time, 'table_' || i, CASE WHEN i < 4 THEN 168 END, CASE WHEN i < 4 THEN 0 END, d.database_bytes / (i + 1), NULL, NULL,
       1000, 10, d.time - INTERVAL '1 hour', d.time - INTERVAL '1 hour', 7
FROM database_snapshot d, generate_series(1, 40) i WHERE d.database_bytes IS NOT NULL;
ANALYZE statement; ANALYZE statement_snapshot; ANALYZE database_snapshot; ANALYZE connection_snapshot; ANALYZE table_snapshot;
