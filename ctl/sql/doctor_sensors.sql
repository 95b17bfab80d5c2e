-- How each sensor is: its state, how long nothing has come of it, what is missing, what it has not sent yet.
-- A sensor is silent when it is AWAKE and the time of three batches, and a minute, has gone by without one; a batch of
-- one sample takes as long as the next sample does.
SELECT s.serial_number,
       coalesce(s.state, 'UNKNOWN') AS state,
       coalesce(r.missing, 0) AS missing,
       coalesce(s.buffered_batches, 0) AS buffered,
       extract(epoch FROM coalesce(s.buffered_batches, 0) * b.length) AS buffered_s,
       coalesce(
           s.state = 'AWAKE'
           AND now() - coalesce(r.written_at, r.last_time, s.status_at) > greatest(INTERVAL '60 s', 3 * b.length),
           false
       ) AS silent
FROM sensor s
CROSS JOIN LATERAL (
    SELECT greatest(s.longest_batch, make_interval(secs => 1 / nullif(s.sample_frequency_hz, 0))) AS length
) b
LEFT JOIN LATERAL (
    SELECT sum(x.missing)::bigint AS missing, max(x.written_at) AS written_at, max(x.last_time) AS last_time
    FROM sensor_session x WHERE x.sensor_id = s.id
) r ON true
ORDER BY s.serial_number
