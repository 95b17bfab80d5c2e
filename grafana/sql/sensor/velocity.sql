-- kept when a zone or a level changes
SELECT t.at AS time,
       r.name AS metric,
       (t.evidence ->> 'value')::double precision AS value,
       nullif((t.evidence ->> 'limit')::double precision, 0) AS "limit"
FROM alarm a
JOIN sensor s ON s.id = a.sensor_id
JOIN alarm_rule r ON r.id = a.rule_id
JOIN alarm_transition t ON t.alarm_id = a.id
WHERE s.serial_number = ${serial:sqlstring}
  AND a.channel IN (-1, nullif(${channel:sqlstring}, '')::int)
  AND (r.kind = 'zone' OR r.definition ->> 'feature' = 'velocity_rms')
  AND t.evidence ? 'value'
  AND $__timeFilter(t.at)
ORDER BY t.at
LIMIT 2000
