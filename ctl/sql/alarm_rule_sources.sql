-- Where the evaluation of a rule is, source by source: those without a verdict first.
SELECT s.serial_number, e.channel, c.name AS channel_name, e.state, e.reason, e.updated_at,
       a.state AS alarm_state, a.level AS alarm_level
FROM alarm_evaluation e
JOIN sensor s ON s.id = e.sensor_id
LEFT JOIN channel c ON c.sensor_id = e.sensor_id AND c.channel = e.channel
LEFT JOIN alarm a ON a.rule_id = e.rule_id AND a.sensor_id = e.sensor_id AND a.channel = e.channel AND a.closed_at IS NULL
WHERE e.rule_id = %(rule_id)s AND e.version = %(version)s
ORDER BY e.reason = '', s.serial_number, e.channel
LIMIT %(limit)s
