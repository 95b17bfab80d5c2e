SELECT count(*) FILTER (WHERE state = 'AWAKE') AS awake,
       count(*) FILTER (WHERE state = 'ASLEEP') AS asleep,
       count(*) FILTER (WHERE state = 'OFFLINE') AS offline,
       count(*) FILTER (WHERE state IS NULL) AS unknown
FROM sensor s
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
WHERE ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
