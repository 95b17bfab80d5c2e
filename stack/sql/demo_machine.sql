-- One machine with its sensor; a machine that is there stays as it is.
WITH made AS (
    INSERT INTO target (name, machine_group, support, rated_power_kw, speed_rpm, bearing, latitude, longitude)
    VALUES (%(name)s, 2, 'rigid', 30, %(speed_rpm)s, %(bearing)s, %(latitude)s, %(longitude)s)
    ON CONFLICT (name) DO NOTHING
    RETURNING id
)
INSERT INTO sensor_target (sensor_id, target_id)
SELECT s.id, made.id FROM made, sensor s
WHERE s.serial_number = %(serial)s
  AND NOT EXISTS (SELECT FROM sensor_target a WHERE a.sensor_id = s.id AND a.removed_at IS NULL)
