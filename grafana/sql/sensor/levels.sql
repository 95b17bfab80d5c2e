-- at the left edge: where each was before; Grafana shows only the rule of what is called Value
SELECT greatest(t.at, $__timeFrom()::timestamptz) AS time,
       r.name || CASE WHEN a.channel < 0 THEN '' ELSE ' · ' || coalesce(c.name, a.channel::text) END AS rule,
       CASE WHEN t.kind IN ('CLEARED') THEN 'clear'
            WHEN r.kind = 'zone' THEN 'zone ' || t.level
            ELSE t.level END AS "Value"
FROM alarm a
JOIN sensor s ON s.id = a.sensor_id
JOIN alarm_rule r ON r.id = a.rule_id
LEFT JOIN channel c ON c.sensor_id = a.sensor_id AND c.channel = a.channel
JOIN LATERAL (
    (SELECT x.* FROM alarm_transition x
     WHERE x.alarm_id = a.id AND x.kind IN ('ACTIVATED', 'LEVEL_CHANGED', 'CLEARED') AND x.at < $__timeFrom()
     ORDER BY x.at DESC LIMIT 1)
    UNION ALL
    (SELECT x.* FROM alarm_transition x
     WHERE x.alarm_id = a.id AND x.kind IN ('ACTIVATED', 'LEVEL_CHANGED', 'CLEARED') AND $__timeFilter(x.at)
     ORDER BY x.at LIMIT 1000)
) t ON true
WHERE s.serial_number = ${serial:sqlstring}
  AND a.channel IN (-1, nullif(${channel:sqlstring}, '')::int)
  AND a.activated_at <= $__timeTo()
  AND coalesce(a.closed_at, 'infinity') >= $__timeFrom()
ORDER BY time
LIMIT 5000
