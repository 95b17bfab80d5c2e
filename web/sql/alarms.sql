-- Open alarms, the most severe first; others the newest first. JSON has no infinity, which is how long a
-- one-shot shelf is for: it is said apart.
SELECT id::text, state, severity, level, message, value, unit, serial_number, nullif(channel, -1) AS channel,
       channel_name, target, rule, kind, active, acknowledged, suppressed, shelved, occurrences, acknowledged_by,
       CASE WHEN shelved AND isfinite(shelved_until)
            THEN (extract(epoch FROM shelved_until) * 1000)::bigint END AS shelved_until,
       shelved AND NOT isfinite(shelved_until) AS shelved_until_cleared,
       (extract(epoch FROM activated_at) * 1000)::bigint AS activated_at,
       (extract(epoch FROM cleared_at) * 1000)::bigint AS cleared_at,
       (extract(epoch FROM acknowledged_at) * 1000)::bigint AS acknowledged_at,
       (extract(epoch FROM closed_at) * 1000)::bigint AS closed_at
FROM alarm_overview
WHERE (%(id)s::uuid IS NULL OR id = %(id)s)
  AND (%(over)s::bool IS NULL OR (closed_at IS NOT NULL) = %(over)s)
  AND (%(serial_number)s::text IS NULL OR serial_number = %(serial_number)s)
ORDER BY CASE WHEN %(over)s = false THEN severity END DESC, alarm_overview.activated_at DESC, alarm_overview.id
LIMIT %(limit)s
