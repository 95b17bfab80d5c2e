-- alarm.activated_at is the last time, so an alarm that became active in the span has it there
SELECT $__timeGroupAlias(x.at, $__interval),
       count(*) FILTER (WHERE x.severity > 666) AS high,
       count(*) FILTER (WHERE x.severity BETWEEN 334 AND 666) AS medium,
       count(*) FILTER (WHERE x.severity < 334) AS low
FROM alarm_overview a
JOIN alarm_transition x ON x.alarm_id = a.id AND x.kind = 'ACTIVATED' AND $__timeFilter(x.at)
WHERE a.activated_at >= $__timeFrom()
  AND ('' IN (${target:sqlstring}) OR coalesce(a.target, '–') IN (${target:sqlstring}))
  AND ('' IN (${rule:sqlstring}) OR a.rule IN (${rule:sqlstring}))
GROUP BY 1
ORDER BY 1
