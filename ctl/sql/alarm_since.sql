-- Transitions that were numbered after this one, in that order. A number is given before its transaction commits.
SELECT t.id, t.at, t.written_at, t.kind, t.level, t.severity, t.by, t.comment, t.alarm_id, o.message, o.serial_number,
       o.channel, o.channel_name, o.target, o.rule
FROM alarm_transition t
JOIN alarm_overview o ON o.id = t.alarm_id
WHERE t.id > %(after)s
  AND (%(serial_numbers)s::text[] IS NULL OR o.serial_number = ANY (%(serial_numbers)s))
  AND (%(target)s::text IS NULL OR o.target = %(target)s)
  AND (%(rule)s::text IS NULL OR o.rule = %(rule)s)
  AND t.severity >= %(min_severity)s
ORDER BY t.id
LIMIT %(limit)s
