-- Who sits on a target, and who did, the newest first.
SELECT s.serial_number, s.sensor_type, s.state, a.assigned_at, a.removed_at
FROM sensor_target a
JOIN sensor s ON s.id = a.sensor_id
WHERE a.target_id = %(target_id)s
ORDER BY a.removed_at DESC NULLS FIRST, a.assigned_at DESC, s.serial_number
LIMIT %(limit)s
