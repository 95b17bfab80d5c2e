-- one row for a text and its role: temporary tables make several entries of one text
WITH done AS (
    SELECT a.statement_id, sum(a.calls) AS calls, sum(a.rows) AS rows, sum(a.elapsed_ms) AS elapsed_ms, sum(a.cpu_s) AS cpu_s,
           sum(a.io_ms) AS io_ms, sum(a.shared_hit) AS hit, sum(a.shared_read) AS read, sum(a.wal_bytes) AS wal_bytes,
           sum(a.disk_read_bytes) AS disk_read, sum(a.disk_written_bytes) AS disk_written
    FROM statement_activity($__timeFrom(), $__timeTo()) a
    GROUP BY 1
), told AS (
    SELECT k.role_name, k.text, sum(d.calls) AS calls, sum(d.rows) AS rows, sum(d.elapsed_ms) AS elapsed_ms,
           sum(d.cpu_s) AS cpu_s, sum(d.io_ms) AS io_ms, sum(d.hit) AS hit, sum(d.read) AS read,
           sum(d.wal_bytes) AS wal_bytes, sum(d.disk_read) AS disk_read, sum(d.disk_written) AS disk_written,
           sum(sum(d.elapsed_ms)) OVER () AS all_ms
    FROM done d
    JOIN statement k ON k.id = d.statement_id
    WHERE '' IN (${role:sqlstring}) OR k.role_name IN (${role:sqlstring})
    GROUP BY 1, 2
)
SELECT regexp_replace(t.text, '\s+', ' ', 'g') AS statement,
       t.role_name,
       t.calls,
       t.elapsed_ms / 1000 AS elapsed_s,
       t.elapsed_ms / nullif(t.all_ms, 0) AS share,
       t.elapsed_ms / nullif(t.calls, 0) AS mean_ms,
       t.cpu_s,
       t.io_ms / 1000 AS io_s,
       t.rows,
       t.hit / nullif(t.hit + t.read, 0) AS hits,
       t.wal_bytes,
       t.disk_read,
       t.disk_written,
       left(md5(t.role_name || t.text), 12) AS key
FROM told t
ORDER BY t.elapsed_ms DESC
LIMIT 50
