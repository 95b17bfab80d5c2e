SELECT d.waiting_for_locks AS waiting,
       greatest(d.longest_transaction_s, 0) AS transaction_s,
       (SELECT sum(c.connections) FROM connection_snapshot c WHERE c.time = d.time)::double precision
           / d.maximum_connections AS connections,
       d.transaction_age AS transaction_age
FROM database_snapshot d
ORDER BY d.time DESC
LIMIT 1
