-- Tables whose dead rows outnumber the living ones: autovacuum does not keep up.
SELECT relname AS table_name, n_dead_tup AS dead, n_live_tup AS alive
FROM pg_stat_user_tables
WHERE n_dead_tup > 100000 AND n_dead_tup > n_live_tup
ORDER BY n_dead_tup DESC
LIMIT 5
