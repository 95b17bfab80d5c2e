-- What a sensor says of itself is ordered by its own clock where it has one, for a message that a broker
-- delivers again comes with a newer time of receipt.
ALTER TABLE sensor ADD COLUMN birth_time_ns bigint, ADD COLUMN status_time_ns bigint;

-- As before at a sixth of the cost: STABLE, as its operators are, for the planner inlines nothing that claims
-- to be more; and an interval made of minutes and microseconds is exact without multiplying intervals.
CREATE OR REPLACE FUNCTION nanoseconds_to_time(time_ns bigint) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN timestamptz 'epoch' + make_interval(
    mins => (time_ns / 60000000000)::int,
    secs => (time_ns % 60000000000 / 1000)::double precision / 1e6
);

-- Exact, where a double of seconds would lose digits. Beyond the years that batches have: the nearest.
CREATE FUNCTION time_to_nanoseconds("time" timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (extract(epoch FROM least(greatest("time", timestamptz '1970-01-01 00:00Z'), timestamptz '2262-01-01 00:00Z'))
        * 1000000000)::bigint;

-- As before, but the bounds are compared as integers.
CREATE OR REPLACE FUNCTION samples(
    serial_number text, from_time timestamptz, to_time timestamptz, channel int DEFAULT 0
)
RETURNS TABLE ("time" timestamptz, time_ns bigint, value real)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100000
SET plan_cache_mode = force_custom_plan  -- chunks are excluded while planning
AS $$
#variable_conflict use_column
DECLARE
    the_sensor int;
    earliest   timestamptz;
    from_ns    bigint := time_to_nanoseconds(from_time);
    to_ns      bigint := time_to_nanoseconds(to_time);
BEGIN
    SELECT s.id, greatest(from_time, timestamptz '1970-01-01 00:00Z') - s.longest_batch INTO the_sensor, earliest
    FROM sensor s WHERE s.serial_number = samples.serial_number;
    RETURN QUERY
    SELECT nanoseconds_to_time(t.ns), t.ns, u.value
    FROM measurement_batch b
    CROSS JOIN LATERAL unnest(b.samples) WITH ORDINALITY AS u (value, i)
    CROSS JOIN LATERAL (SELECT sample_time_ns(b.time_ns, u.i - 1, b.sample_frequency_hz)) AS t (ns)
    WHERE b.sensor_id = the_sensor
      AND b.channel = samples.channel
      AND b.time >= earliest AND b.time < to_time
      AND t.ns >= from_ns AND t.ns < to_ns
    ORDER BY t.ns;
END
$$;
