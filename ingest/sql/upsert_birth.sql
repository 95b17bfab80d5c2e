-- A birth that is older than what is known changes nothing; its channels are then left alone, too.
INSERT INTO sensor AS s (
    serial_number, provisional, hardware, firmware_version, sensor_type, sample_frequency_hz,
    maximum_sample_frequency_hz, state, session, born_at, status_at
) VALUES (
    %(serial_number)s, false, %(hardware)s, %(firmware_version)s, %(sensor_type)s, %(sample_frequency_hz)s,
    %(maximum_sample_frequency_hz)s, %(state)s, %(session)s, nanoseconds_to_time(%(received_ns)s),
    nanoseconds_to_time(%(received_ns)s)
)
ON CONFLICT (serial_number) DO UPDATE SET
    provisional = false,
    hardware = excluded.hardware,
    firmware_version = excluded.firmware_version,
    sensor_type = excluded.sensor_type,
    maximum_sample_frequency_hz = excluded.maximum_sample_frequency_hz,
    born_at = excluded.born_at,
    -- a status may have overtaken the birth: they come by different queues
    sample_frequency_hz = CASE WHEN s.status_at > excluded.status_at THEN s.sample_frequency_hz ELSE excluded.sample_frequency_hz END,
    state = CASE WHEN s.status_at > excluded.status_at THEN s.state ELSE excluded.state END,
    session = CASE WHEN s.status_at > excluded.status_at THEN s.session ELSE excluded.session END,
    status_at = greatest(s.status_at, excluded.status_at)
WHERE s.born_at IS NULL OR s.born_at <= excluded.born_at
RETURNING s.id
