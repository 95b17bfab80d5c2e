-- How many open alarms a list leaves out, because nobody is to be told of them.
SELECT count(*) FILTER (WHERE shelved) AS shelved, count(*) FILTER (WHERE suppressed AND NOT shelved) AS suppressed
FROM alarm_overview
WHERE closed_at IS NULL
  AND (%(active)s::bool IS NULL OR active = %(active)s)
  AND (%(acknowledged)s::bool IS NULL OR acknowledged = %(acknowledged)s)
  AND (%(serial_numbers)s::text[] IS NULL OR serial_number = ANY (%(serial_numbers)s))
  AND (%(target)s::text IS NULL OR target = %(target)s)
  AND (%(rule)s::text IS NULL OR rule = %(rule)s)
  AND severity >= %(min_severity)s
