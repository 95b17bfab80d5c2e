-- A birth that is older than what is known changes nothing; its channels are then left alone, too.
-- Older: by the sensor's clock within one session, otherwise by the time of receipt.
WITH born AS (
    INSERT INTO sensor AS s (
        serial_number, provisional, hardware, firmware_version, sensor_type, sample_frequency_hz,
        maximum_sample_frequency_hz, state, session, born_at, birth_time_ns, status_at, status_time_ns
    ) VALUES (
        %(serial_number)s, false, %(hardware)s, %(firmware_version)s, %(sensor_type)s, %(sample_frequency_hz)s,
        %(maximum_sample_frequency_hz)s, %(state)s, %(session)s, nanoseconds_to_time(%(received_ns)s),
        %(time_ns)s::bigint, nanoseconds_to_time(%(received_ns)s), %(time_ns)s::bigint
    )
    ON CONFLICT (serial_number) DO UPDATE SET
        provisional = false,
        hardware = excluded.hardware,
        firmware_version = excluded.firmware_version,
        sensor_type = excluded.sensor_type,
        maximum_sample_frequency_hz = excluded.maximum_sample_frequency_hz,
        born_at = excluded.born_at,
        birth_time_ns = excluded.birth_time_ns,
        -- a status may have overtaken the birth: they come by different queues
        sample_frequency_hz = CASE WHEN s.status_at > excluded.status_at THEN s.sample_frequency_hz ELSE excluded.sample_frequency_hz END,
        state = CASE WHEN s.status_at > excluded.status_at THEN s.state ELSE excluded.state END,
        session = CASE WHEN s.status_at > excluded.status_at THEN s.session ELSE excluded.session END,
        status_time_ns = CASE WHEN s.status_at > excluded.status_at THEN s.status_time_ns ELSE excluded.status_time_ns END,
        status_at = greatest(s.status_at, excluded.status_at)
    WHERE s.born_at IS NULL
       OR CASE WHEN s.session = excluded.session AND s.birth_time_ns > 0 AND excluded.birth_time_ns > 0
               THEN excluded.birth_time_ns >= s.birth_time_ns
               ELSE excluded.born_at >= s.born_at END
    RETURNING s.id
)
INSERT INTO channel AS c (sensor_id, channel, name, quantity, unit, minimum, maximum)
SELECT born.id, t.*
FROM born, unnest(%(channels)s::smallint[], %(names)s::text[], %(quantities)s::text[], %(units)s::text[],
                  %(minima)s::float4[], %(maxima)s::float4[]) AS t
ON CONFLICT (sensor_id, channel) DO UPDATE SET
    name = excluded.name, quantity = excluded.quantity, unit = excluded.unit,
    minimum = excluded.minimum, maximum = excluded.maximum
