WITH chosen AS (
    SELECT k.id, k.role_name FROM statement k
    WHERE ('' IN (${role:sqlstring}) OR k.role_name IN (${role:sqlstring}))
      AND ('' IN (${statement:sqlstring}) OR left(md5(k.role_name || k.text), 12) IN (${statement:sqlstring}))
), span AS (
    SELECT $__timeGroup(i.time, $__interval) AS bin, sum(i.seconds) AS seconds
    FROM snapshot_interval($__timeFrom(), $__timeTo()) i GROUP BY 1
), done AS (
    SELECT $__timeGroup(a.time, $__interval) AS bin, c.role_name, sum(a.wal_bytes) AS wal_bytes
    FROM statement_activity($__timeFrom(), $__timeTo()) a JOIN chosen c ON c.id = a.statement_id GROUP BY 1, 2
)
SELECT s.bin AS time, r.role_name AS metric, coalesce(d.wal_bytes, 0) / s.seconds AS wal
FROM span s
CROSS JOIN (SELECT DISTINCT role_name FROM done) r
LEFT JOIN done d ON d.bin = s.bin AND d.role_name = r.role_name
ORDER BY 1, 2
