-- What came of a command. A duplicate's ack does not undo what the first one said.
INSERT INTO command AS c (id, sensor_id, outcome, reason, acked_at, state, sample_frequency_hz)
SELECT %(id)s, s.id, %(outcome)s, %(reason)s, nanoseconds_to_time(%(received_ns)s), %(state)s, %(sample_frequency_hz)s
FROM sensor s WHERE s.serial_number = %(serial_number)s
ON CONFLICT (id) DO UPDATE SET
    outcome = excluded.outcome, reason = excluded.reason, acked_at = excluded.acked_at,
    state = excluded.state, sample_frequency_hz = excluded.sample_frequency_hz
WHERE c.outcome IS NULL
