-- Each channel with its newest batch since %(since)s; one that no birth has declared as well.
SELECT b.channel, c.name, c.quantity, c.unit,
       n.samples[n.sample_count] AS last_value, n.mean, n.rms, n.minimum, n.maximum, n.time
FROM sensor s
CROSS JOIN LATERAL (
    SELECT channel FROM channel WHERE sensor_id = s.id
    UNION
    SELECT channel FROM measurement_batch WHERE sensor_id = s.id AND time >= %(since)s
) b
LEFT JOIN channel c ON c.sensor_id = s.id AND c.channel = b.channel
LEFT JOIN LATERAL (
    SELECT * FROM measurement_batch m
    WHERE m.sensor_id = s.id AND m.channel = b.channel AND m.time >= %(since)s
    ORDER BY m.time DESC
    LIMIT 1
) n ON true
WHERE s.serial_number = %(serial_number)s
ORDER BY b.channel
