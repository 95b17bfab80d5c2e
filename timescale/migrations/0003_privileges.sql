-- Least privilege: each service what it does, and nothing that takes data away.

GRANT SELECT, INSERT, UPDATE ON sensor, channel, sensor_session, command, stream_offset TO streaming_ingest;
GRANT SELECT, INSERT ON measurement_batch, position, sensor_log TO streaming_ingest;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO streaming_alarms, streaming_control, streaming_readonly;
GRANT INSERT, UPDATE ON command TO streaming_control;
GRANT INSERT, UPDATE, DELETE ON target, sensor_target TO streaming_control;

DO $$
BEGIN  -- the staging table of the ingester
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO streaming_alarms, streaming_control, streaming_readonly', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO streaming_ingest', current_database());
END
$$;
