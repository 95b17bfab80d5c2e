-- All that happened to one alarm, in order.
SELECT id, kind, at, written_at, level, severity, by, comment, evidence
FROM alarm_transition
WHERE alarm_id = %(id)s
ORDER BY id
LIMIT %(limit)s
