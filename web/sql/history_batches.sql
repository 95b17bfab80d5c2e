-- Batches that reach into a window, in order of time: their features.
SELECT time_ns, sample_frequency_hz, sample_count, minimum, maximum, rms
FROM measurement_batch
WHERE sensor_id = %(sensor_id)s AND channel = %(channel)s AND time >= %(earliest)s AND time < %(end)s
ORDER BY time
LIMIT %(most)s
