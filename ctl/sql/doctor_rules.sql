-- Rules that are to be judged by: for how many sources they are, and for how many of these there is no verdict.
SELECT r.name, r.definition, count(e.rule_id) AS sources, count(*) FILTER (WHERE e.reason <> '') AS without_verdict
FROM alarm_rule r
LEFT JOIN alarm_evaluation e ON e.rule_id = r.id AND e.version = r.version
WHERE r.enabled AND r.removed_at IS NULL
GROUP BY r.id
ORDER BY r.name
