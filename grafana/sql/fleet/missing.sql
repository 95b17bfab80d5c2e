SELECT coalesce(sum(x.missing), 0)::bigint AS missing,
       count(DISTINCT s.id) FILTER (WHERE x.missing > 0) AS sensors
FROM sensor s
JOIN sensor_session x ON x.sensor_id = s.id AND x.last_time >= $__timeFrom()
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
WHERE ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
