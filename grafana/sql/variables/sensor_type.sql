SELECT t AS __text, t AS __value
FROM (SELECT DISTINCT coalesce(sensor_type, '–') AS t FROM sensor) s
ORDER BY t
