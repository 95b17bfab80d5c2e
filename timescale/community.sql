-- For the community edition only (timescaledb.license = 'timescale'); idempotent, and locks nothing where it is done.
-- Segments are one channel; the unique key's other columns order it.
DO $$
BEGIN
    IF NOT (SELECT compression_enabled FROM timescaledb_information.hypertables
            WHERE hypertable_schema = 'public' AND hypertable_name = 'measurement_batch') THEN
        ALTER TABLE measurement_batch SET (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'sensor_id, channel',
            timescaledb.compress_orderby = 'time, session, sequence'
        );
    END IF;
END
$$;
SELECT add_compression_policy('measurement_batch', INTERVAL '1 day', if_not_exists => true);
