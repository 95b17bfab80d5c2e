SELECT (extract(epoch FROM l.time) * 1000)::bigint AS time, l.level, l.logger, l.message
FROM sensor_log l
JOIN sensor s ON s.id = l.sensor_id
WHERE s.serial_number = %(serial_number)s
ORDER BY l.time DESC
LIMIT %(limit)s
