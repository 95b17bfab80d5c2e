-- Every sensor with what judging it needs, one row each: first what seldom changes, its channels and its machine, then how
-- it is and its session. A batch's expected interval is the length of its longest. JSON as text: it is compared.
SELECT s.id,
       s.serial_number,
       s.sensor_type,
       coalesce(c.channels, '[]')::text,
       t.name,
       t.machine_group,
       t.support,
       t.rated_power_kw,
       t.speed_rpm,
       t.shaft_height_mm,
       t.bearing::text,
       s.state,
       s.sample_frequency_hz,
       s.battery_percent,
       extract(epoch FROM s.longest_batch)::double precision,
       x.missing,
       coalesce(time_to_nanoseconds(x.written_at), 0)
FROM sensor s
LEFT JOIN sensor_session x ON x.sensor_id = s.id AND x.session = s.session
LEFT JOIN sensor_target a ON a.sensor_id = s.id AND a.removed_at IS NULL
LEFT JOIN target t ON t.id = a.target_id
LEFT JOIN (
    SELECT sensor_id, json_agg(json_build_array(channel, name, quantity, unit) ORDER BY channel) AS channels
    FROM channel GROUP BY sensor_id
) c ON c.sensor_id = s.id
