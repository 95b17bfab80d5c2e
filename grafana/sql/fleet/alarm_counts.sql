SELECT count(*) FILTER (WHERE a.severity > 666) AS high,
       count(*) FILTER (WHERE a.severity BETWEEN 334 AND 666) AS medium,
       count(*) FILTER (WHERE a.severity < 334) AS low
FROM alarm a
JOIN sensor s ON s.id = a.sensor_id
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
WHERE a.closed_at IS NULL
  AND ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
