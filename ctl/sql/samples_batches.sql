-- The batches of one channel that reach into a window, in order of time.
SELECT time_ns, sample_frequency_hz, session, sequence, samples
FROM measurement_batch
WHERE sensor_id = %(sensor_id)s AND channel = %(channel)s
  AND time >= %(earliest)s AND time < %(until)s
  AND time_ns < %(to_ns)s AND sample_time_ns(time_ns, sample_count - 1, sample_frequency_hz) >= %(from_ns)s
ORDER BY time
