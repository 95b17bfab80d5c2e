SELECT a.severity,
       a.level,
       a.state,
       a.serial_number,
       a.message,
       a.rule,
       a.activated_at,
       (extract(epoch FROM a.activated_at - interval '1 minute') * 1000)::bigint::text AS from_ms,
       (extract(epoch FROM a.activated_at + interval '1 minute') * 1000)::bigint::text AS to_ms
FROM alarm_overview a
JOIN sensor s ON s.id = a.sensor_id
LEFT JOIN target t ON t.name = a.target
WHERE a.closed_at IS NULL
  AND NOT a.shelved
  AND NOT a.suppressed
  AND ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
ORDER BY a.severity DESC, a.activated_at DESC
LIMIT 100
