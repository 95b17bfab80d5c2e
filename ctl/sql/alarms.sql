-- Alarms as lists show them, the most severe first; those that are over by when they ended. A program cannot read
-- infinity, which is how long a one-shot shelf is for: it is said apart.
SELECT id, state, severity, level, message, value, unit, serial_number, channel, channel_name, target, rule, kind,
       active, acknowledged, shelved, suppressed, occurrences, activated_at, cleared_at, acknowledged_at,
       acknowledged_by, closed_at,
       CASE WHEN shelved AND isfinite(shelved_until) THEN shelved_until END AS shelved_until,
       shelved AND NOT isfinite(shelved_until) AS shelved_until_cleared
FROM alarm_overview
WHERE (%(over)s::bool OR closed_at IS NULL)
  AND (NOT %(over)s::bool OR closed_at IS NOT NULL)
  AND (%(active)s::bool IS NULL OR active = %(active)s)
  AND (%(acknowledged)s::bool IS NULL OR acknowledged = %(acknowledged)s)
  AND (%(shelved)s::bool IS NULL OR shelved = %(shelved)s)
  AND (%(suppressed)s::bool IS NULL OR suppressed = %(suppressed)s)
  AND (%(serial_numbers)s::text[] IS NULL OR serial_number = ANY (%(serial_numbers)s))
  AND (%(target)s::text IS NULL OR target = %(target)s)
  AND (%(rule)s::text IS NULL OR rule = %(rule)s)
  AND severity >= %(min_severity)s
ORDER BY CASE WHEN %(over)s::bool THEN closed_at END DESC NULLS LAST, severity DESC, activated_at DESC, id
LIMIT %(limit)s
