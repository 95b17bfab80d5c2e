-- Channels that a birth has named, and those that measured without.
SELECT n.channel AS number, coalesce(c.name, '') AS name, coalesce(c.quantity, '') AS quantity,
       coalesce(c.unit, '') AS unit, c.minimum, c.maximum
FROM sensor s
CROSS JOIN LATERAL (
    SELECT channel FROM channel WHERE sensor_id = s.id
    UNION
    SELECT channel FROM measurement_batch
    WHERE sensor_id = s.id AND time > now() - INTERVAL '10 minutes' AND time < now() + INTERVAL '1 hour'
) n
LEFT JOIN channel c ON c.sensor_id = s.id AND c.channel = n.channel
WHERE s.serial_number = %(serial_number)s
ORDER BY n.channel
