-- What a rule may be for, of what is known already.
SELECT 'sensor' AS what, serial_number AS name FROM sensor
UNION SELECT 'type', sensor_type FROM sensor WHERE sensor_type IS NOT NULL
UNION SELECT 'target', name FROM target
