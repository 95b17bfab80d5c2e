SELECT 'shelved' AS how,
       a.serial_number,
       a.rule,
       a.message AS reason,
       CASE WHEN a.shelved_until = 'infinity' THEN NULL ELSE a.shelved_until END AS until,
       x.by,
       x.at AS since
FROM alarm_overview a
LEFT JOIN LATERAL (
    SELECT t.by, t.at FROM alarm_transition t WHERE t.alarm_id = a.id AND t.kind = 'SHELVED' ORDER BY t.id DESC LIMIT 1
) x ON true
WHERE a.closed_at IS NULL
  AND a.shelved
  AND ('' IN (${target:sqlstring}) OR coalesce(a.target, '–') IN (${target:sqlstring}))
  AND ('' IN (${rule:sqlstring}) OR a.rule IN (${rule:sqlstring}))
UNION ALL
SELECT 'suppressed',
       coalesce(s.serial_number, 'every sensor'),
       coalesce(r.name, 'every rule'),
       p.reason,
       CASE WHEN p.until = 'infinity' THEN NULL ELSE p.until END,
       p.by,
       p.at
FROM alarm_suppression p
LEFT JOIN sensor s ON s.id = p.sensor_id
LEFT JOIN alarm_rule r ON r.id = p.rule_id
WHERE p.removed_at IS NULL AND p.until > now()
ORDER BY since DESC
LIMIT 200
