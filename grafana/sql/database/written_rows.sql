SELECT $__timeGroupAlias(a.time, $__interval),
       sum(a.rows_inserted) / sum(a.seconds) AS inserted,
       sum(a.rows_updated) / sum(a.seconds) AS updated,
       sum(a.rows_deleted) / sum(a.seconds) AS deleted
FROM database_activity($__timeFrom(), $__timeTo()) a
GROUP BY 1
ORDER BY 1
