SELECT r.name AS rule,
       e.reason,
       count(*) AS sources,
       min(s.serial_number) AS serial_number,
       max(e.updated_at) AS updated_at
FROM alarm_evaluation e
JOIN alarm_rule r ON r.id = e.rule_id AND r.removed_at IS NULL AND r.enabled AND r.version = e.version
JOIN sensor s ON s.id = e.sensor_id
WHERE e.reason <> ''
GROUP BY r.name, e.reason
ORDER BY sources DESC, r.name
LIMIT 100
