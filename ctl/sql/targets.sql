-- All targets, with how many sensors sit on each.
SELECT t.*, (SELECT count(*) FROM sensor_target a WHERE a.target_id = t.id AND a.removed_at IS NULL) AS sensors
FROM target t
ORDER BY t.name
