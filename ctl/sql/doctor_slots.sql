-- Replication slots that keep more of the write-ahead log than max_wal_size, or have lost what they would need.
SELECT slot_name AS name, active, wal_status,
       CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 END AS bytes
FROM pg_replication_slots
WHERE wal_status <> 'reserved'
ORDER BY slot_name
