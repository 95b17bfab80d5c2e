-- The sensor: what came of a command. The first word stays, but a duplicate's is the last, whatever comes first.
INSERT INTO command AS c (id, sensor_id, outcome, reason, acked_at, state, sample_frequency_hz)
SELECT %(id)s, s.id, %(outcome)s, %(reason)s, nanoseconds_to_time(%(received_ns)s), %(state)s, %(sample_frequency_hz)s
FROM sensor s WHERE s.serial_number = %(serial_number)s
ON CONFLICT (id, sensor_id) DO UPDATE SET
    outcome = excluded.outcome, reason = excluded.reason, acked_at = excluded.acked_at,
    state = excluded.state, sample_frequency_hz = excluded.sample_frequency_hz
WHERE c.outcome IS NULL
   OR (excluded.outcome = 'DUPLICATE', excluded.acked_at, excluded.outcome) < (c.outcome = 'DUPLICATE', c.acked_at, c.outcome)
