WITH large AS (  -- the rest is one series
    SELECT table_name FROM table_snapshot
    WHERE time = (SELECT max(time) FROM table_snapshot) ORDER BY total_bytes DESC LIMIT 6
)
SELECT $__timeGroupAlias(m.time, $__interval), m.metric, max(m.bytes) AS bytes
FROM (
    SELECT t.time, coalesce(l.table_name, 'other tables') AS metric, sum(t.total_bytes) AS bytes
    FROM table_snapshot t LEFT JOIN large l USING (table_name)
    WHERE $__timeFilter(t.time) GROUP BY 1, 2
) m
GROUP BY 1, 2
ORDER BY 1, 2
