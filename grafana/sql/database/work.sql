-- of each second; cpu is NULL without pg_stat_kcache
WITH chosen AS (
    SELECT k.id FROM statement k
    WHERE ('' IN (${role:sqlstring}) OR k.role_name IN (${role:sqlstring}))
      AND ('' IN (${statement:sqlstring}) OR left(md5(k.role_name || k.text), 12) IN (${statement:sqlstring}))
), span AS (
    SELECT $__timeGroup(i.time, $__interval) AS bin, sum(i.seconds) AS seconds
    FROM snapshot_interval($__timeFrom(), $__timeTo()) i GROUP BY 1
), done AS (
    SELECT $__timeGroup(a.time, $__interval) AS bin,
           sum(a.elapsed_ms) / 1000 AS elapsed_s, sum(a.cpu_s) AS cpu_s, sum(a.io_ms) / 1000 AS io_s
    FROM statement_activity($__timeFrom(), $__timeTo()) a JOIN chosen c ON c.id = a.statement_id GROUP BY 1
)
SELECT s.bin AS time,
       coalesce(d.elapsed_s, 0) / s.seconds AS elapsed,
       CASE WHEN d.bin IS NULL THEN 0 ELSE d.cpu_s END / s.seconds AS cpu,
       coalesce(d.io_s, 0) / s.seconds AS io
FROM span s
LEFT JOIN done d ON d.bin = s.bin
ORDER BY 1
