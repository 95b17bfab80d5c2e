SELECT c.channel || ' ' || c.name AS __text, c.channel::text AS __value
FROM channel c
JOIN sensor s ON s.id = c.sensor_id
WHERE s.serial_number = ${serial:sqlstring}
ORDER BY c.channel
