SELECT c.role_name,
       sum(c.connections) AS connections,
       sum(c.connections) FILTER (WHERE c.state = 'active') AS active,
       sum(c.connections) FILTER (WHERE c.state = 'idle') AS idle,
       sum(c.connections) FILTER (WHERE c.state LIKE 'idle in transaction%') AS in_transaction
FROM connection_snapshot c
WHERE c.time = (SELECT max(time) FROM connection_snapshot)
GROUP BY 1
ORDER BY 2 DESC
