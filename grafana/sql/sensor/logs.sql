SELECT l.time,
       l.message,
       CASE l.level WHEN 1 THEN 'debug' WHEN 2 THEN 'info' WHEN 3 THEN 'warning' WHEN 4 THEN 'error' ELSE 'unknown' END AS level,
       l.logger
FROM sensor_log l
JOIN sensor s ON s.id = l.sensor_id
WHERE s.serial_number = ${serial:sqlstring}
  AND $__timeFilter(l.time)
ORDER BY l.time DESC
LIMIT 500
