SELECT $__timeGroupAlias(m.time, $__interval), sum(m.dead_rows) AS dead_rows, max(m.workers) AS workers
FROM (
    SELECT t.time, sum(t.dead_rows) AS dead_rows, NULL::int AS workers
    FROM table_snapshot t WHERE $__timeFilter(t.time) GROUP BY 1
    UNION ALL
    SELECT d.time, NULL, d.autovacuum_workers FROM database_snapshot d WHERE $__timeFilter(d.time)
) m
GROUP BY 1
ORDER BY 1
