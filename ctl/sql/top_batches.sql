-- What a channel measured just now, so that its waveform need not be waited for.
SELECT time_ns, sample_frequency_hz, samples
FROM measurement_batch
WHERE sensor_id = %(sensor_id)s AND channel = %(channel)s
  AND time > now() - INTERVAL '2 minutes' AND time < now() + INTERVAL '1 hour'
ORDER BY time DESC
LIMIT %(limit)s
