-- For the community edition only (timescaledb.license = 'timescale'); idempotent.
-- Segments are one channel; the unique key's other columns order it.
ALTER TABLE measurement_batch SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'sensor_id, channel',
    timescaledb.compress_orderby = 'time, session, sequence'
);
SELECT add_compression_policy('measurement_batch', INTERVAL '1 day', if_not_exists => true);
