-- Bins that are longer than batches, from the features of batches that begin in them, where the window may hold too many
-- to read all: of one bin no more than so many are read; whole says whether that was all. Which chunks may hold a bin is
-- looked up anew for each, so a few chunks at a time are asked for: bins from first to last.
SELECT g.bin, b.minimum, b.maximum, b.rms, b.count < %(most)s AS whole
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS g (bin)
CROSS JOIN LATERAL (
    SELECT min(m.minimum) AS minimum, max(m.maximum) AS maximum, count(*) AS count,
           sqrt(sum(m.rms::float8 ^ 2 * m.sample_count) / sum(m.sample_count)) AS rms
    FROM (
        SELECT minimum, maximum, rms, sample_count
        FROM measurement_batch
        WHERE sensor_id = %(sensor_id)s AND channel = %(channel)s
          AND time >= %(start)s + %(first)s::bigint * %(bin_us)s::bigint * INTERVAL '1 us'
          AND time < %(start)s + (%(last)s::bigint + 1) * %(bin_us)s::bigint * INTERVAL '1 us'
          AND time >= %(start)s + g.bin * %(bin_us)s::bigint * INTERVAL '1 us'
          AND time < %(start)s + (g.bin + 1) * %(bin_us)s::bigint * INTERVAL '1 us'
        ORDER BY time
        LIMIT %(most)s
    ) m
) b
WHERE b.count > 0
ORDER BY g.bin
