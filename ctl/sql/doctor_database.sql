-- Everything about the server that any account may ask, in one row.
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int AS version_number,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale,
       current_setting('timescaledb.license', true) AS license,
       to_regclass('schema_migration') IS NOT NULL AS has_schema,
       pg_is_in_recovery() AS standby,
       current_setting('transaction_read_only') = 'on' AS read_only,
       pg_database_size(current_database()) AS bytes,
       (SELECT sum(numbackends)::int FROM pg_stat_database) AS connections,
       current_setting('max_connections')::int AS connections_maximum,
       current_setting('autovacuum') = 'on' AS autovacuum,
       (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()) AS transaction_age,
       current_setting('autovacuum_freeze_max_age')::bigint AS transaction_age_maximum
