-- Jobs of TimescaleDB's scheduler that are this database's own (below 1000 are the extension's): how they went the last time.
SELECT j.job_id, j.proc_name AS name, j.hypertable_name AS table_name, j.scheduled, s.last_run_status = 'Failed' AS failed,
       CASE WHEN j.scheduled AND isfinite(s.next_start) AND s.job_status <> 'Running'
           THEN extract(epoch FROM now() - s.next_start)::float8 END AS overdue_s,
       (SELECT e.err_message FROM timescaledb_information.job_errors e
        WHERE e.job_id = j.job_id ORDER BY e.finish_time DESC NULLS LAST LIMIT 1) AS error
FROM timescaledb_information.jobs j
LEFT JOIN timescaledb_information.job_stats s ON s.job_id = j.job_id
WHERE j.job_id >= 1000
ORDER BY j.job_id
