INSERT INTO channel AS c (sensor_id, channel, name, quantity, unit, minimum, maximum)
SELECT %s, * FROM unnest(%s::smallint[], %s::text[], %s::text[], %s::text[], %s::float4[], %s::float4[])
ON CONFLICT (sensor_id, channel) DO UPDATE SET
    name = excluded.name, quantity = excluded.quantity, unit = excluded.unit,
    minimum = excluded.minimum, maximum = excluded.maximum
