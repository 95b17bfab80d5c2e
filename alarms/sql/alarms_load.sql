-- Alarms that are not closed, with their rules, also those that are disabled or removed.
SELECT r.id, r.name, r.version, r.definition,
       s.id, s.serial_number, a.channel, coalesce(c.name, ''), t.name,
       a.id, a.active, a.acknowledged, a.level, a.severity,
       time_to_nanoseconds(a.activated_at),
       CASE WHEN a.shelved_until = 'infinity' THEN 9223372036854775807
            ELSE coalesce(time_to_nanoseconds(a.shelved_until), 0) END,
       a.suppressed,
       coalesce(time_to_nanoseconds(a.cleared_at), 0),
       coalesce(time_to_nanoseconds(a.acknowledged_at), 0),
       coalesce(a.acknowledged_by, ''),
       a.occurrences, a.message, a.value
FROM alarm a
JOIN alarm_rule r ON r.id = a.rule_id
JOIN sensor s ON s.id = a.sensor_id
LEFT JOIN channel c ON c.sensor_id = a.sensor_id AND c.channel = a.channel
LEFT JOIN sensor_target m ON m.sensor_id = a.sensor_id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
WHERE a.closed_at IS NULL AND a.sensor_id = ANY (%(sensors)s)
