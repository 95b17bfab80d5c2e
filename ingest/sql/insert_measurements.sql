-- Staged rows become rows, those already there are skipped; sessions count what was really inserted.
-- Returns the number of rows inserted.
WITH inserted AS (
    INSERT INTO measurement_batch
    SELECT * FROM measurement_staging
    ON CONFLICT DO NOTHING
    RETURNING sensor_id, session, sequence, time, sample_count, sample_frequency_hz
),
batches AS (  -- the channels of a batch are inserted together
    SELECT DISTINCT sensor_id, session, sequence, time, sample_count,
           time + make_interval(secs => (sample_count - 1) / sample_frequency_hz) AS end_time
    FROM inserted
),
sessions AS (
    INSERT INTO sensor_session AS s
        (sensor_id, session, last_sequence, batch_count, sample_count, first_time, last_time)
    SELECT sensor_id, session, max(sequence), count(*), sum(sample_count), min(time), max(end_time)
    FROM batches
    GROUP BY sensor_id, session
    ORDER BY sensor_id, session
    ON CONFLICT (sensor_id, session) DO UPDATE SET
        last_sequence = greatest(s.last_sequence, excluded.last_sequence),
        batch_count = s.batch_count + excluded.batch_count,
        sample_count = s.sample_count + excluded.sample_count,
        first_time = least(s.first_time, excluded.first_time),
        last_time = greatest(s.last_time, excluded.last_time)
)
SELECT count(*) FROM inserted
