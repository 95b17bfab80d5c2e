SELECT $__timeGroupAlias(a.time, $__interval),
       sum(a.commits) / sum(a.seconds) AS commits,
       sum(a.rollbacks) / sum(a.seconds) AS rollbacks,
       sum(a.deadlocks) / sum(a.seconds) AS deadlocks
FROM database_activity($__timeFrom(), $__timeTo()) a
GROUP BY 1
ORDER BY 1
