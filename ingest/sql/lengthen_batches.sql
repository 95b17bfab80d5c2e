-- Rows are locked in the order of the key, as everybody does who changes several sensors.
WITH longer AS (
    SELECT s.id, t.seconds
    FROM sensor s JOIN unnest(%s::int[], %s::float8[]) AS t (id, seconds) USING (id)
    WHERE s.longest_batch < make_interval(secs => t.seconds)
    ORDER BY s.serial_number
    FOR NO KEY UPDATE OF s
)
UPDATE sensor SET longest_batch = greatest(longest_batch, make_interval(secs => longer.seconds))
FROM longer WHERE sensor.id = longer.id
