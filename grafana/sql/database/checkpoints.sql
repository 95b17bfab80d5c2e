SELECT $__timeGroupAlias(a.time, $__interval),
       sum(a.checkpoints_timed) AS timed,
       sum(a.checkpoints_requested) AS requested
FROM database_activity($__timeFrom(), $__timeTo()) a
GROUP BY 1
ORDER BY 1
