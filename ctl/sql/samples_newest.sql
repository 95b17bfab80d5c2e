-- When the newest sample of these channels was taken, in ns; NULL where there is none. The newest batch of each is
-- one step in its index.
SELECT max(sample_time_ns(b.time_ns, b.sample_count - 1, b.sample_frequency_hz)) AS time_ns
FROM unnest(%(channels)s::smallint[]) AS wanted (channel)
CROSS JOIN LATERAL (
    SELECT m.time_ns, m.sample_count, m.sample_frequency_hz
    FROM measurement_batch m
    WHERE m.sensor_id = %(sensor_id)s AND m.channel = wanted.channel AND m.time >= %(since)s
    ORDER BY m.time DESC LIMIT 1
) b
