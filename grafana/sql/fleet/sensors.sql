SELECT s.serial_number,
       coalesce(t.name, '–') AS target,
       coalesce(s.sensor_type, '–') AS sensor_type,
       coalesce(s.state, 'UNKNOWN') AS state,
       coalesce(a.severity, 0) AS severity,
       r.last_time AS last_measured_at,
       extract(epoch FROM now() - r.last_time)::double precision AS age_s,
       extract(epoch FROM r.written_at - r.last_time)::double precision AS latency_s,
       s.sample_frequency_hz,
       r.missing,
       s.buffered_batches,
       s.battery_percent,
       s.rssi_dbm,
       s.firmware_version
FROM sensor s
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
LEFT JOIN LATERAL (
    SELECT x.last_time, x.written_at, sum(x.missing) OVER ()::bigint AS missing
    FROM sensor_session x WHERE x.sensor_id = s.id ORDER BY x.last_time DESC LIMIT 1
) r ON true
LEFT JOIN LATERAL (
    SELECT max(o.severity) AS severity FROM alarm o WHERE o.sensor_id = s.id AND o.closed_at IS NULL
) a ON true
WHERE ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
ORDER BY a.severity DESC NULLS LAST, r.last_time NULLS FIRST, s.serial_number
LIMIT 1000
