-- a second; disk is NULL without pg_stat_kcache
WITH chosen AS (
    SELECT k.id FROM statement k
    WHERE ('' IN (${role:sqlstring}) OR k.role_name IN (${role:sqlstring}))
      AND ('' IN (${statement:sqlstring}) OR left(md5(k.role_name || k.text), 12) IN (${statement:sqlstring}))
), span AS (
    SELECT $__timeGroup(i.time, $__interval) AS bin, sum(i.seconds) AS seconds
    FROM snapshot_interval($__timeFrom(), $__timeTo()) i GROUP BY 1
), done AS (
    SELECT $__timeGroup(a.time, $__interval) AS bin,
           sum(a.shared_read) * current_setting('block_size')::int AS read,
           sum(a.disk_read_bytes) AS disk_read, sum(a.disk_written_bytes) AS disk_written,
           sum(a.temporary_read + a.temporary_written) * current_setting('block_size')::int AS temporary
    FROM statement_activity($__timeFrom(), $__timeTo()) a JOIN chosen c ON c.id = a.statement_id GROUP BY 1
)
SELECT s.bin AS time,
       coalesce(d.read, 0) / s.seconds AS read,
       CASE WHEN d.bin IS NULL THEN 0 ELSE d.disk_read END / s.seconds AS disk_read,
       CASE WHEN d.bin IS NULL THEN 0 ELSE d.disk_written END / s.seconds AS disk_written,
       coalesce(d.temporary, 0) / s.seconds AS temporary
FROM span s
LEFT JOIN done d ON d.bin = s.bin
ORDER BY 1
