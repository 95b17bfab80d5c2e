-- Rules that are judged by.
SELECT id, name, version, definition
FROM alarm_rule
WHERE enabled AND removed_at IS NULL
ORDER BY id
