-- Bins that are longer than batches, from the features of all batches that begin in them.
SELECT (extract(epoch FROM time - %(start)s) * 1000000)::bigint / %(bin_us)s::bigint AS bin,
       min(minimum) AS minimum, max(maximum) AS maximum,
       sqrt(sum(rms::float8 ^ 2 * sample_count) / sum(sample_count)) AS rms, true AS whole
FROM measurement_batch
WHERE sensor_id = %(sensor_id)s AND channel = %(channel)s AND time >= %(start)s AND time < %(end)s
GROUP BY 1
ORDER BY 1
