-- What a window holds, by channel and sample frequency: the batches that reach into it, counted whole.
SELECT channel, sample_frequency_hz, count(*) AS batches, sum(sample_count)::bigint AS samples,
       max(sample_count) AS longest
FROM measurement_batch
WHERE sensor_id = %(sensor_id)s AND channel = ANY (%(channels)s)
  AND time >= %(earliest)s AND time < %(until)s
  AND time_ns < %(to_ns)s AND sample_time_ns(time_ns, sample_count - 1, sample_frequency_hz) >= %(from_ns)s
GROUP BY channel, sample_frequency_hz
ORDER BY channel, sample_frequency_hz
