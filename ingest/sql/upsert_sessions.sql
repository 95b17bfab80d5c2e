-- In the order of the key, so that two ingesters cannot deadlock.
INSERT INTO sensor_session AS s
    (sensor_id, session, last_sequence, batch_count, sample_count, first_time, last_time, written_at)
SELECT t.sensor_id, t.session, t.last_sequence, t.batch_count, t.sample_count,
       nanoseconds_to_time(t.first_ns), nanoseconds_to_time(t.last_ns), clock_timestamp()
FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS t (sensor_id, session, last_sequence, batch_count, sample_count, first_ns, last_ns)
ORDER BY t.sensor_id, t.session
ON CONFLICT (sensor_id, session) DO UPDATE SET
    last_sequence = greatest(s.last_sequence, excluded.last_sequence),
    batch_count = s.batch_count + excluded.batch_count,
    sample_count = s.sample_count + excluded.sample_count,
    first_time = least(s.first_time, excluded.first_time),
    last_time = greatest(s.last_time, excluded.last_time),
    -- with the newest sample; batches that were resent say nothing of how late it was
    written_at = CASE WHEN excluded.last_time >= s.last_time THEN excluded.written_at ELSE s.written_at END
