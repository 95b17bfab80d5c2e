SELECT s.serial_number, sum(x.missing)::bigint AS missing
FROM sensor s
JOIN sensor_session x ON x.sensor_id = s.id AND x.last_time >= $__timeFrom() AND x.missing > 0
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
WHERE ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
GROUP BY s.serial_number
ORDER BY missing DESC
LIMIT 15
