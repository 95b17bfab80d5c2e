SELECT a.serial_number, count(*) AS activations
FROM alarm_overview a
JOIN alarm_transition x ON x.alarm_id = a.id AND x.kind = 'ACTIVATED' AND $__timeFilter(x.at)
WHERE a.activated_at >= $__timeFrom()
  AND ('' IN (${target:sqlstring}) OR coalesce(a.target, '–') IN (${target:sqlstring}))
  AND ('' IN (${rule:sqlstring}) OR a.rule IN (${rule:sqlstring}))
GROUP BY a.serial_number
ORDER BY activations DESC
LIMIT 10
