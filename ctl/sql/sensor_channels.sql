-- What each channel measures, with its newest batch since %(since)s, where it has one.
SELECT c.channel, c.name, c.quantity, c.unit,
       b.samples[b.sample_count] AS last_value, b.mean, b.rms, b.minimum, b.maximum, b.time
FROM sensor s
JOIN channel c ON c.sensor_id = s.id
LEFT JOIN LATERAL (
    SELECT m.samples, m.sample_count, m.mean, m.rms, m.minimum, m.maximum, m.time
    FROM measurement_batch m
    WHERE m.sensor_id = s.id AND m.channel = c.channel AND m.time >= %(since)s
    ORDER BY m.time DESC
    LIMIT 1
) b ON true
WHERE s.serial_number = %(serial_number)s
ORDER BY c.channel
