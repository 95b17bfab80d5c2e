SELECT r.name AS rule,
       r.kind,
       CASE WHEN r.enabled THEN 'judges' ELSE 'disabled' END AS state,
       (SELECT count(*) FROM alarm_evaluation e WHERE e.rule_id = r.id AND e.version = r.version) AS sources,
       (SELECT count(*) FROM alarm a WHERE a.rule_id = r.id AND a.closed_at IS NULL) AS open,
       r.version,
       r.changed_at,
       r.changed_by
FROM alarm_rule r
WHERE r.removed_at IS NULL
ORDER BY open DESC, r.name
LIMIT 200
