SELECT $__timeGroupAlias(m.time, $__interval), m.metric, max(m.connections) AS connections
FROM (
    SELECT c.time, c.state AS metric, sum(c.connections) AS connections
    FROM connection_snapshot c WHERE $__timeFilter(c.time) GROUP BY 1, 2
    UNION ALL
    SELECT d.time, 'maximum', d.maximum_connections FROM database_snapshot d WHERE $__timeFilter(d.time)
) m
GROUP BY 1, 2
ORDER BY 1, 2
