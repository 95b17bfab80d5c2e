-- One page of the fleet, and how many sensors match. What is sorted by is computed for all that match, the rest for the
-- page only; of a CASE only the branch that is taken costs something.
WITH open AS MATERIALIZED (
    SELECT sensor_id, max(severity) AS severity FROM alarm WHERE closed_at IS NULL GROUP BY sensor_id
), matching AS MATERIALIZED (
    SELECT s.id, s.serial_number, t.name AS target,
           CASE %(sort)s
               WHEN 'sensor_type' THEN s.sensor_type
               WHEN 'state' THEN s.state
               WHEN 'target' THEN t.name
           END AS by_text,
           CASE %(sort)s
               WHEN 'sample_frequency_hz' THEN s.sample_frequency_hz
               WHEN 'maximum_sample_frequency_hz' THEN s.maximum_sample_frequency_hz
               WHEN 'battery_percent' THEN s.battery_percent
               WHEN 'rssi_dbm' THEN s.rssi_dbm
               WHEN 'missing' THEN
                   (SELECT coalesce(sum(x.missing), 0) FROM sensor_session x WHERE x.sensor_id = s.id)::float8
               WHEN 'batch_count' THEN
                   (SELECT coalesce(sum(x.batch_count), 0) FROM sensor_session x WHERE x.sensor_id = s.id)::float8
               WHEN 'last_measured_at' THEN
                   (SELECT extract(epoch FROM max(x.last_time)) FROM sensor_session x WHERE x.sensor_id = s.id)::float8
               WHEN 'latency_s' THEN
                   (SELECT extract(epoch FROM x.written_at - x.last_time) FROM sensor_session x
                    WHERE x.sensor_id = s.id ORDER BY x.last_time DESC LIMIT 1)::float8
               WHEN 'severity' THEN coalesce(o.severity, 0)
           END * CASE WHEN %(descending)s THEN -1 ELSE 1 END AS by_number
    FROM sensor s
    LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
    LEFT JOIN target t ON t.id = m.target_id
    LEFT JOIN open o ON o.sensor_id = s.id
    WHERE (%(state)s::text IS NULL OR coalesce(s.state, 'unknown') = %(state)s)
      AND (%(query)s::text IS NULL
           OR strpos(lower(s.serial_number), lower(%(query)s)) > 0
           OR strpos(lower(t.name), lower(%(query)s)) > 0
           OR strpos(lower(s.sensor_type), lower(%(query)s)) > 0)
), page AS (
    SELECT id, target, row_number() OVER () AS place
    FROM (
        SELECT id, target FROM matching
        ORDER BY CASE WHEN NOT %(descending)s THEN by_text END,
                 CASE WHEN %(descending)s THEN by_text END DESC NULLS LAST,
                 by_number,
                 CASE WHEN %(sort)s <> 'serial_number' OR NOT %(descending)s THEN serial_number END,
                 serial_number DESC
        LIMIT %(limit)s OFFSET %(offset)s
    ) one
)
SELECT n.matching, r.*
FROM (SELECT count(*) AS matching FROM matching) n
LEFT JOIN (
    SELECT p.place, s.serial_number, s.sensor_type, p.target, s.state, s.sample_frequency_hz,
           s.maximum_sample_frequency_hz, s.battery_percent, s.rssi_dbm,
           (extract(epoch FROM x.last_time) * 1000)::bigint AS last_measured_at,
           coalesce(x.missing, 0)::bigint AS missing,
           coalesce(x.batch_count, 0)::bigint AS batch_count,
           extract(epoch FROM x.latency)::float8 AS latency_s,
           coalesce(o.severity, 0) AS severity
    FROM page p
    JOIN sensor s ON s.id = p.id
    LEFT JOIN open o ON o.sensor_id = s.id
    CROSS JOIN LATERAL (
        SELECT max(y.last_time) AS last_time, sum(y.missing) AS missing, sum(y.batch_count) AS batch_count,
               (array_agg(y.written_at - y.last_time ORDER BY y.last_time DESC))[1] AS latency
        FROM sensor_session y WHERE y.sensor_id = s.id
    ) x
) r ON true
ORDER BY r.place
