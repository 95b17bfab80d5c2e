-- Batches that reach into a window, in order of time, with their samples: no more of these than so many; whole says
-- whether that was all.
SELECT time_ns, sample_frequency_hz, samples, total <= %(most)s AS whole
FROM (
    SELECT time, time_ns, sample_frequency_hz, samples,
           sum(sample_count) OVER (ORDER BY time) AS so_far, sum(sample_count) OVER () AS total
    FROM measurement_batch
    WHERE sensor_id = %(sensor_id)s AND channel = %(channel)s AND time >= %(earliest)s AND time < %(end)s
) b
WHERE so_far <= %(most)s
ORDER BY time
