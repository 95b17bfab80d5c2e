-- A sensor's channel, and how long its newest batch in the window is, which is how long they are there as a rule.
SELECT s.id, coalesce(c.unit, '') AS unit, extract(epoch FROM s.longest_batch)::float8 AS longest_s,
       b.sample_frequency_hz, b.sample_count
FROM sensor s
LEFT JOIN channel c ON c.sensor_id = s.id AND c.channel = %(channel)s
LEFT JOIN LATERAL (
    SELECT m.sample_frequency_hz, m.sample_count
    FROM measurement_batch m
    WHERE m.sensor_id = s.id AND m.channel = %(channel)s
      AND m.time >= %(start)s - s.longest_batch AND m.time < %(end)s
    ORDER BY m.time DESC
    LIMIT 1
) b ON true
WHERE s.serial_number = %(serial_number)s
