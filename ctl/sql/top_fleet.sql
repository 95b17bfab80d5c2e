-- The whole fleet once a second: what sensor_overview has of it, without the positions, in two scans and no loop.
SELECT s.id, s.serial_number, s.sensor_type, s.state, s.sample_frequency_hz, s.maximum_sample_frequency_hz,
       coalesce(r.batch_count, 0) AS batch_count, coalesce(r.missing, 0) AS missing, r.last_time AS last_measured_at,
       extract(epoch FROM r.latency)::float8 AS latency_s, t.name AS target
FROM sensor s
LEFT JOIN (
    SELECT sensor_id, sum(batch_count)::bigint AS batch_count, sum(missing)::bigint AS missing,
           max(last_time) AS last_time,
           (array_agg(written_at - last_time ORDER BY last_time DESC))[1] AS latency
    FROM sensor_session GROUP BY sensor_id
) r ON r.sensor_id = s.id
LEFT JOIN sensor_target a ON a.sensor_id = s.id AND a.removed_at IS NULL
LEFT JOIN target t ON t.id = a.target_id
ORDER BY s.serial_number
