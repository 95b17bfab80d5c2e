-- What people query: samples, not batches.

-- STABLE, as its operators are, for the planner inlines nothing that claims to be more; an interval made of minutes
-- and microseconds is exact, at a sixth of the cost of multiplying intervals.
CREATE FUNCTION nanoseconds_to_time(time_ns bigint) RETURNS timestamptz
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

-- When sample i (0, 1 …) of a batch was taken. round() of a double rounds half to even, as the sensor does.
CREATE FUNCTION sample_time_ns(start_ns bigint, i bigint, sample_frequency_hz double precision) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN start_ns + round(i::double precision * 1e9 / sample_frequency_hz)::bigint;

CREATE VIEW measurement AS
SELECT nanoseconds_to_time(t.ns) AS time,
       t.ns AS time_ns,
       s.serial_number,
       b.channel,
       u.value
FROM measurement_batch b
JOIN sensor s ON s.id = b.sensor_id
CROSS JOIN LATERAL unnest(b.samples) WITH ORDINALITY AS u (value, i)
CROSS JOIN LATERAL (SELECT sample_time_ns(b.time_ns, u.i - 1, b.sample_frequency_hz)) AS t (ns);

-- The samples of one channel with from_time <= time < to_time, in order of time. Reads only the chunks
-- that can hold them: a batch that began earlier reaches at most the sensor's longest batch further. Bounds are
-- compared as integers, exactly.
CREATE FUNCTION samples(
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

CREATE VIEW sensor_overview AS
SELECT s.id,
       s.serial_number,
       s.provisional,
       s.sensor_type,
       s.hardware,
       s.firmware_version,
       s.state,
       s.sample_frequency_hz,
       s.status_at,
       s.rssi_dbm,
       s.battery_percent,
       s.buffered_batches,
       coalesce(r.sessions, 0) AS sessions,
       coalesce(r.batch_count, 0) AS batch_count,
       coalesce(r.sample_count, 0) AS sample_count,
       coalesce(r.missing, 0) AS missing,
       r.last_time AS last_measured_at,
       p.latitude,
       p.longitude,
       p.time AS position_at
FROM sensor s
LEFT JOIN LATERAL (
    SELECT count(*) AS sessions,
           sum(x.batch_count)::bigint AS batch_count,
           sum(x.sample_count)::bigint AS sample_count,
           sum(x.missing)::bigint AS missing,
           max(x.last_time) AS last_time
    FROM sensor_session x WHERE x.sensor_id = s.id
) r ON true
LEFT JOIN LATERAL (
    SELECT q.latitude, q.longitude, q.time FROM position q
    WHERE q.sensor_id = s.id ORDER BY q.time DESC LIMIT 1
) p ON true;
