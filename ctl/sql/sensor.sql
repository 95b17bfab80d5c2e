-- Everything in the sensor's own row, with what the overview adds.
SELECT o.*, s.uptime_ms, s.last_sequence, s.oldest_buffered_sequence, s.free_memory_bytes, s.created_at,
       r.batches / 60.0::double precision AS batches_per_s, r.samples / 60.0::double precision AS samples_per_s
FROM sensor_overview o
JOIN sensor s ON s.id = o.id
CROSS JOIN LATERAL (
    SELECT count(DISTINCT (b.session, b.sequence)) AS batches, coalesce(sum(b.sample_count), 0)::bigint AS samples
    FROM measurement_batch b
    WHERE b.sensor_id = s.id AND b.time >= now() - INTERVAL '1 minute' AND b.time < now() + INTERVAL '1 hour'
) r
WHERE o.serial_number = %(serial_number)s
