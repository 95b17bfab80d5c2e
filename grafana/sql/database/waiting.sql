SELECT $__timeGroupAlias(d.time, $__interval),
       max(d.waiting_for_locks) AS waiting,
       max(greatest(d.longest_transaction_s, 0)) AS transaction_s
FROM database_snapshot d
WHERE $__timeFilter(d.time)
GROUP BY 1
ORDER BY 1
