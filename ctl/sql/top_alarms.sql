-- What each sensor is to be looked at for: the newest alarm of it that is open and neither shelved nor suppressed;
-- where there is none, the last thing of a day that it warned of, or was told of as an alarm.
SELECT DISTINCT ON (sensor_id) sensor_id, at, level, message
FROM (
    SELECT sensor_id, activated_at AS at, CASE WHEN severity < 334 THEN 3 WHEN severity < 667 THEN 4 ELSE 5 END AS level,
           message, true AS open  -- low, medium and high as OPC UA Part 9 divides severities
    FROM alarm
    WHERE closed_at IS NULL AND NOT suppressed AND coalesce(shelved_until <= now(), true)
    UNION ALL
    SELECT sensor_id, time, level, message, false
    FROM sensor_log
    WHERE time > now() - INTERVAL '1 day' AND time < now() + INTERVAL '1 hour' AND level >= 3
    UNION ALL
    SELECT sensor_id, issued_at, 4, coalesce(parameters ->> 'alarm_id', 'alarm'), false
    FROM command_overview
    WHERE name = 'trigger_alarm' AND issued_at > now() - INTERVAL '1 day'
) a
ORDER BY sensor_id, open DESC, at DESC
