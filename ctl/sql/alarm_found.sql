-- Alarms whose id begins so: uuids between the least and the greatest that do.
SELECT id, state, severity, level, message, value, unit, serial_number, channel, channel_name, target, rule, kind,
       active, acknowledged, shelved, suppressed, occurrences, activated_at, cleared_at, acknowledged_at,
       acknowledged_by, closed_at,
       CASE WHEN shelved AND isfinite(shelved_until) THEN shelved_until END AS shelved_until,
       shelved AND NOT isfinite(shelved_until) AS shelved_until_cleared
FROM alarm_overview
WHERE id BETWEEN %(least)s AND %(greatest)s
ORDER BY activated_at DESC
LIMIT %(limit)s
