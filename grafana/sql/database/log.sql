SELECT $__timeGroupAlias(a.time, $__interval), sum(a.wal_bytes) / sum(a.seconds) AS wal
FROM database_activity($__timeFrom(), $__timeTo()) a
GROUP BY 1
ORDER BY 1
