-- where the sensor says that it is, else where its machine stands
SELECT s.serial_number,
       coalesce(t.name, '–') AS target,
       CASE WHEN a.severity > 666 THEN 'alarm, high'
            WHEN a.severity > 333 THEN 'alarm, medium'
            WHEN a.severity > 0 THEN 'alarm, low'
            ELSE coalesce(s.state, 'UNKNOWN') END AS condition,
       a.alarms,
       coalesce(p.latitude, t.latitude) AS latitude,
       coalesce(p.longitude, t.longitude) AS longitude,
       p.time AS position_at
FROM sensor s
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
LEFT JOIN LATERAL (
    SELECT q.latitude, q.longitude, q.time FROM position q WHERE q.sensor_id = s.id ORDER BY q.time DESC LIMIT 1
) p ON true
LEFT JOIN LATERAL (
    SELECT max(o.severity) AS severity, count(*) AS alarms FROM alarm o WHERE o.sensor_id = s.id AND o.closed_at IS NULL
) a ON true
WHERE coalesce(p.latitude, t.latitude) IS NOT NULL
  AND ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
ORDER BY a.severity NULLS FIRST, s.serial_number
LIMIT 5000
