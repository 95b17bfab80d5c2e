-- Where each sensor is: by its own newest position, or by its target's; those of neither are left out.
WITH open AS MATERIALIZED (
    SELECT sensor_id, max(severity) AS severity FROM alarm WHERE closed_at IS NULL GROUP BY sensor_id
)
SELECT s.serial_number, coalesce(p.latitude, t.latitude) AS latitude, coalesce(p.longitude, t.longitude) AS longitude,
       s.state, coalesce(o.severity, 0) AS severity, t.name AS target
FROM sensor s
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
LEFT JOIN open o ON o.sensor_id = s.id
LEFT JOIN LATERAL (
    SELECT q.latitude, q.longitude FROM position q WHERE q.sensor_id = s.id ORDER BY q.time DESC LIMIT 1
) p ON true
WHERE coalesce(p.latitude, t.latitude) IS NOT NULL AND coalesce(p.longitude, t.longitude) IS NOT NULL
ORDER BY s.serial_number
LIMIT %(limit)s
