SELECT serial_number AS __text, serial_number AS __value
FROM sensor
ORDER BY serial_number
