-- A birth that is older than what is known changes nothing; its channels are then left alone, too.
-- Older: by the sensor's clock within one session, otherwise by the time of receipt.
WITH said AS (
    SELECT nanoseconds_to_time(%(received_ns)s) AS at, %(session)s::bigint AS session, %(time_ns)s::bigint AS time_ns
),
born AS (
    UPDATE sensor AS s SET
        provisional = false,
        hardware = %(hardware)s,
        firmware_version = %(firmware_version)s,
        sensor_type = %(sensor_type)s,
        maximum_sample_frequency_hz = %(maximum_sample_frequency_hz)s,
        born_at = said.at,
        birth_time_ns = said.time_ns,
        -- a status may have overtaken the birth: they come by different queues
        sample_frequency_hz = CASE WHEN s.status_at > said.at THEN s.sample_frequency_hz ELSE %(sample_frequency_hz)s END,
        state = CASE WHEN s.status_at > said.at THEN s.state ELSE %(state)s END,
        session = CASE WHEN s.status_at > said.at THEN s.session ELSE said.session END,
        status_time_ns = CASE WHEN s.status_at > said.at THEN s.status_time_ns ELSE said.time_ns END,
        status_at = greatest(s.status_at, said.at)
    FROM said
    WHERE s.serial_number = %(serial_number)s
      AND (s.born_at IS NULL
           OR CASE WHEN s.session = said.session AND s.birth_time_ns > 0 AND said.time_ns > 0
                   THEN said.time_ns >= s.birth_time_ns
                   ELSE said.at >= s.born_at END)
    RETURNING s.id
)
INSERT INTO channel AS c (sensor_id, channel, name, quantity, unit, minimum, maximum)
SELECT born.id, t.*
FROM born, unnest(%(channels)s::smallint[], %(names)s::text[], %(quantities)s::text[], %(units)s::text[],
                  %(minima)s::float4[], %(maxima)s::float4[]) AS t
ON CONFLICT (sensor_id, channel) DO UPDATE SET
    name = excluded.name, quantity = excluded.quantity, unit = excluded.unit,
    minimum = excluded.minimum, maximum = excluded.maximum
