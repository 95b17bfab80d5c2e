SELECT name AS __text, name AS __value
FROM alarm_rule
WHERE removed_at IS NULL
ORDER BY name
