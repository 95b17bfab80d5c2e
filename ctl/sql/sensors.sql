-- The whole fleet, as iotctl lists and chooses it.
SELECT * FROM sensor_overview ORDER BY serial_number
