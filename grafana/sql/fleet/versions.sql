SELECT coalesce(s.hardware, '–') AS hardware,
       coalesce(s.firmware_version, '–') AS firmware_version,
       count(*) AS sensors,
       min(s.born_at) AS first_birth,
       max(s.born_at) AS last_birth
FROM sensor s
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
WHERE ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
GROUP BY 1, 2
ORDER BY sensors DESC
LIMIT 50
