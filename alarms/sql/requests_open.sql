-- What operators ask of alarms whose sensors are judged here, in the order in which they asked.
SELECT q.id, q.alarm_id, a.rule_id, a.sensor_id, a.channel, q.action,
       CASE WHEN q.until = 'infinity' THEN 9223372036854775807 ELSE coalesce(time_to_nanoseconds(q.until), 0) END,
       q.by, q.comment
FROM alarm_request q
JOIN alarm a ON a.id = q.alarm_id
WHERE q.applied_at IS NULL AND a.sensor_id = ANY (%(sensors)s)
ORDER BY q.id
LIMIT 500
