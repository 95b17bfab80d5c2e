INSERT INTO position (time, sensor_id, latitude, longitude, altitude_m, accuracy_m)
SELECT nanoseconds_to_time(t.time_ns), t.sensor_id, t.latitude, t.longitude, t.altitude_m, t.accuracy_m
FROM unnest(%s::bigint[], %s::int[], %s::float8[], %s::float8[], %s::float4[], %s::float4[])
    AS t (time_ns, sensor_id, latitude, longitude, altitude_m, accuracy_m)
ON CONFLICT DO NOTHING
