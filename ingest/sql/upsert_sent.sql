-- A bridge: the MQTT broker took it for the sensor. A command that comes twice is sent twice: the last time counts,
-- for it says whether a failure was before or after.
INSERT INTO command AS c (id, sensor_id, sent_at)
SELECT %(id)s, s.id, nanoseconds_to_time(%(time_ns)s) FROM sensor s WHERE s.serial_number = %(serial_number)s
ON CONFLICT (id, sensor_id) DO UPDATE SET sent_at = excluded.sent_at
WHERE c.sent_at IS NULL OR excluded.sent_at > c.sent_at
