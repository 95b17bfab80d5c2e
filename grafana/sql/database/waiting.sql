SELECT $__timeGroupAlias(d.time, $__interval),
       max(d.waiting_for_locks) AS waiting,
       max(d.longest_transaction_s) AS transaction_s
FROM database_snapshot d
WHERE $__timeFilter(d.time)
GROUP BY 1
ORDER BY 1
