-- What is out of service now.
SELECT rule_id, sensor_id, reason, by
FROM alarm_suppression
WHERE removed_at IS NULL AND until > now()
ORDER BY id
