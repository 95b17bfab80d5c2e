-- What was not sent yet, or was given up: what was tried most often first.
SELECT o.id, o.action, o.alarm_id, o.payload, o.created_at, o.due_at, o.attempts, o.given_up_at, o.done_at, o.error,
       CASE WHEN o.done_at IS NOT NULL THEN 'SENT' WHEN o.given_up_at IS NOT NULL THEN 'FAILED' ELSE 'QUEUED' END AS state,
       s.serial_number, r.name AS rule
FROM alarm_outbox o
LEFT JOIN alarm a ON a.id = o.alarm_id
LEFT JOIN alarm_rule r ON r.id = a.rule_id
LEFT JOIN sensor s ON s.id = a.sensor_id
WHERE o.done_at IS NULL
  AND (%(action)s::text IS NULL OR o.action = %(action)s)
  AND (NOT %(given_up)s::bool OR o.given_up_at IS NOT NULL)
  AND (NOT %(failed)s::bool OR o.attempts > 0)
ORDER BY o.given_up_at DESC NULLS LAST, o.attempts DESC, o.id
LIMIT %(limit)s
