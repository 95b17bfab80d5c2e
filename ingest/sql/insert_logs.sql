-- Returns the number of rows inserted.
WITH inserted AS (
    INSERT INTO sensor_log (time, time_ns, sensor_id, level, logger, message, digest)
    SELECT nanoseconds_to_time(t.time_ns), t.time_ns, t.sensor_id, t.level, t.logger, t.message,
           sha256(convert_to(t.level || ' ' || t.logger || ' ' || t.message, 'UTF8'))
    FROM unnest(%s::bigint[], %s::int[], %s::smallint[], %s::text[], %s::text[])
        AS t (time_ns, sensor_id, level, logger, message)
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM inserted
