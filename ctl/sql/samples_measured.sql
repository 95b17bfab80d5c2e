-- Which channels a sensor measured in a window, for those whose birth is not known.
SELECT DISTINCT channel FROM measurement_batch
WHERE sensor_id = %(sensor_id)s AND time >= %(earliest)s AND time < %(until)s
ORDER BY channel
