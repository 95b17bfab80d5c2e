-- The newest alarms that are not closed.
SELECT severity, state, serial_number || coalesce('/' || channel_name, ''), message
FROM alarm_overview
WHERE closed_at IS NULL
ORDER BY activated_at DESC
LIMIT %(limit)s
