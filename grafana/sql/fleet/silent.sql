-- awake, and yet nothing for a minute or five of its batches
SELECT count(*) AS silent
FROM sensor s
LEFT JOIN LATERAL (SELECT max(x.last_time) AS last_time FROM sensor_session x WHERE x.sensor_id = s.id) r ON true
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
WHERE s.state = 'AWAKE'
  AND coalesce(r.last_time < now() - greatest(interval '1 minute', 5 * s.longest_batch), true)
  AND ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
