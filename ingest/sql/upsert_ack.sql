-- What came of a command. The first outcome stays, unless it said DUPLICATE and overtook what really came.
-- Only the sensor that a command was for may say what came of it.
INSERT INTO command AS c (id, sensor_id, outcome, reason, acked_at, state, sample_frequency_hz)
SELECT %(id)s, s.id, %(outcome)s, %(reason)s, nanoseconds_to_time(%(received_ns)s), %(state)s, %(sample_frequency_hz)s
FROM sensor s WHERE s.serial_number = %(serial_number)s
ON CONFLICT (id) DO UPDATE SET
    outcome = excluded.outcome, reason = excluded.reason, acked_at = excluded.acked_at,
    state = excluded.state, sample_frequency_hz = excluded.sample_frequency_hz
WHERE c.sensor_id = excluded.sensor_id
  AND (c.outcome IS NULL OR c.outcome = 'DUPLICATE' AND excluded.outcome <> 'DUPLICATE')
RETURNING id
