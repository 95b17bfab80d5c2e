-- The last thing of a day that each sensor warned of, or was told of as an alarm. Whatever else raises alarms joins
-- here, with the same columns.
SELECT DISTINCT ON (sensor_id) sensor_id, at, level, message
FROM (
    SELECT sensor_id, time AS at, level, message
    FROM sensor_log
    WHERE time > now() - INTERVAL '1 day' AND time < now() + INTERVAL '1 hour' AND level >= 3
    UNION ALL
    SELECT sensor_id, issued_at, 4, coalesce(parameters ->> 'alarm_id', 'alarm')
    FROM command_overview
    WHERE name = 'trigger_alarm' AND issued_at > now() - INTERVAL '1 day'
) a
ORDER BY sensor_id, at DESC
