-- What is out of service, the newest last; and what was, where that is asked for.
SELECT p.id, r.name AS rule, s.serial_number, p.reason, p.by, p.at,
       CASE WHEN isfinite(p.until) THEN p.until END AS until, p.removed_at, p.removed_by,
       p.removed_at IS NULL AND p.until > now() AS in_force,
       (SELECT count(*) FROM alarm a
        WHERE a.closed_at IS NULL AND a.suppressed AND (p.rule_id IS NULL OR a.rule_id = p.rule_id)
          AND (p.sensor_id IS NULL OR a.sensor_id = p.sensor_id)) AS alarms
FROM alarm_suppression p
LEFT JOIN alarm_rule r ON r.id = p.rule_id
LEFT JOIN sensor s ON s.id = p.sensor_id
WHERE %(every)s OR (p.removed_at IS NULL AND p.until > now())
ORDER BY p.id
