-- What is stored, and how old it is: from the book-keeping, not from the samples.
SELECT (SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'measurement_batch') AS chunks,
       (SELECT min(range_start) FROM timescaledb_information.chunks WHERE hypertable_name = 'measurement_batch') AS oldest,
       (SELECT max(last_time) FROM sensor_session) AS newest,
       (SELECT sum(batch_count)::bigint FROM sensor_session) AS batches
