SELECT r.id, r.name, r.enabled, r.kind, r.definition, r.version, r.changed_at, r.changed_by,
       (SELECT count(*) FROM alarm a WHERE a.rule_id = r.id AND a.closed_at IS NULL) AS alarms,
       (SELECT count(*) FROM alarm_evaluation e WHERE e.rule_id = r.id AND e.version = r.version) AS sources,
       (SELECT count(*) FROM alarm_evaluation e
        WHERE e.rule_id = r.id AND e.version = r.version AND e.reason <> '') AS without_verdict
FROM alarm_rule r
WHERE r.removed_at IS NULL AND (%(names)s::text[] IS NULL OR r.name = ANY (%(names)s))
ORDER BY r.name
