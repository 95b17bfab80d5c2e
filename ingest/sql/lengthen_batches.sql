UPDATE sensor SET longest_batch = greatest(longest_batch, make_interval(secs => t.seconds))
FROM unnest(%s::int[], %s::float8[]) AS t (sensor_id, seconds)
WHERE id = t.sensor_id
