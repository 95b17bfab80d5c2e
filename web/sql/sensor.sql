-- Everything of one sensor that is in one row: what the fleet's page has of it, and more.
SELECT s.serial_number, s.sensor_type, t.name AS target, t.speed_rpm AS target_speed_rpm, s.state, s.sample_frequency_hz, s.maximum_sample_frequency_hz,
       s.battery_percent, s.rssi_dbm, s.hardware, s.firmware_version, s.session, s.buffered_batches,
       (extract(epoch FROM s.born_at) * 1000)::bigint AS born_at,
       (extract(epoch FROM s.status_at) * 1000)::bigint AS status_at,
       (extract(epoch FROM x.last_time) * 1000)::bigint AS last_measured_at,
       coalesce(x.missing, 0)::bigint AS missing,
       coalesce(x.batch_count, 0)::bigint AS batch_count,
       extract(epoch FROM x.latency)::float8 AS latency_s,
       coalesce((SELECT max(a.severity) FROM alarm a WHERE a.sensor_id = s.id AND a.closed_at IS NULL), 0) AS severity,
       coalesce(p.latitude, t.latitude) AS latitude, coalesce(p.longitude, t.longitude) AS longitude
FROM sensor s
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
LEFT JOIN LATERAL (
    SELECT q.latitude, q.longitude FROM position q WHERE q.sensor_id = s.id ORDER BY q.time DESC LIMIT 1
) p ON true
CROSS JOIN LATERAL (
    SELECT max(y.last_time) AS last_time, sum(y.missing) AS missing, sum(y.batch_count) AS batch_count,
           (array_agg(y.written_at - y.last_time ORDER BY y.last_time DESC))[1] AS latency
    FROM sensor_session y WHERE y.sensor_id = s.id
) x
WHERE s.serial_number = %(serial_number)s
