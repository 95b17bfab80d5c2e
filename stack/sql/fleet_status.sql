-- The demo's table: some sensors of each sort, with the features of their newest batch.
SELECT o.serial_number, coalesce(o.sensor_type, '–'), coalesce(o.state, '–'), coalesce(o.sample_frequency_hz, 0),
       o.batch_count, o.missing, extract(epoch FROM now() - o.last_measured_at)::float8, b.rms, coalesce(c.unit, '')
FROM (
    SELECT *, row_number() OVER (PARTITION BY split_part(serial_number, '-', 1) ORDER BY serial_number) AS rank
    FROM sensor_overview WHERE serial_number = ANY(%(serials)s)
    ORDER BY rank, serial_number LIMIT %(limit)s
) o
LEFT JOIN LATERAL (
    SELECT rms FROM measurement_batch m
    WHERE m.sensor_id = o.id AND m.channel = 0 AND m.time > now() - INTERVAL '1 hour'
    ORDER BY m.time DESC LIMIT 1
) b ON true
LEFT JOIN channel c ON c.sensor_id = o.id AND c.channel = 0
ORDER BY o.rank, 1
