-- For the community edition only: its scheduler takes the snapshots. Idempotent; a job that is as asked for stays as it is.
WITH wanted AS (
    SELECT make_interval(secs => %(every_s)s) AS every,
           jsonb_build_object('keep', make_interval(secs => %(keep_s)s)) AS config
), found AS (
    SELECT max(job_id) AS job_id FROM timescaledb_information.jobs
    WHERE proc_schema = 'public' AND proc_name = 'database_snapshot_job'
)
SELECT CASE
    WHEN f.job_id IS NULL THEN add_job('database_snapshot_job'::regproc, w.every, config => w.config)
    WHEN NOT EXISTS (
        SELECT FROM timescaledb_information.jobs j
        WHERE j.job_id = f.job_id AND j.schedule_interval = w.every AND j.config = w.config
    ) THEN (SELECT a.job_id FROM alter_job(f.job_id, schedule_interval => w.every, config => w.config) a)
    ELSE f.job_id
END
FROM wanted w, found f
