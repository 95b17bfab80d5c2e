-- Staged rows become rows, those already there are skipped. Returns, for each session, what was really
-- inserted: the arguments of upsert_sessions.sql, and the number of rows.
WITH inserted AS (
    INSERT INTO measurement_batch
    SELECT * FROM measurement_staging
    ON CONFLICT DO NOTHING
    RETURNING sensor_id, session, sequence, time_ns, sample_count, sample_frequency_hz
),
batches AS (  -- the channels of a batch are inserted together
    SELECT sensor_id, session, sequence, time_ns, sample_count, count(*) AS row_count,
           time_ns + round((sample_count - 1) * 1e9::float8 / sample_frequency_hz)::bigint AS end_ns
    FROM inserted
    GROUP BY sensor_id, session, sequence, time_ns, sample_count, sample_frequency_hz
)
SELECT sensor_id, session, max(sequence), count(*), sum(sample_count)::bigint, min(time_ns), max(end_ns),
       sum(row_count)::bigint
FROM batches
GROUP BY sensor_id, session
