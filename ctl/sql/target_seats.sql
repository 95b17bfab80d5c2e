-- Which sensors there are of those that are named, and what each sits on now.
SELECT s.id, s.serial_number, t.id AS target_id, t.name AS target
FROM sensor s
LEFT JOIN sensor_target a ON a.sensor_id = s.id AND a.removed_at IS NULL
LEFT JOIN target t ON t.id = a.target_id
WHERE s.serial_number = ANY (%(serial_numbers)s)
ORDER BY s.serial_number
