-- Where the write-ahead log is archived and the last attempt has failed: for how long none has succeeded.
SELECT last_failed_wal AS segment,
       extract(epoch FROM now() - coalesce(last_archived_time, stats_reset))::float8 AS since_s
FROM pg_stat_archiver
WHERE current_setting('archive_mode') <> 'off' AND last_failed_time > coalesce(last_archived_time, '-infinity')
