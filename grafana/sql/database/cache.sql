-- blocks that were there, of all that were wanted; NULL where none were
WITH chosen AS (
    SELECT k.id FROM statement k
    WHERE ('' IN (${role:sqlstring}) OR k.role_name IN (${role:sqlstring}))
      AND ('' IN (${statement:sqlstring}) OR left(md5(k.role_name || k.text), 12) IN (${statement:sqlstring}))
)
SELECT $__timeGroupAlias(a.time, $__interval),
       sum(a.shared_hit)::double precision / nullif(sum(a.shared_hit + a.shared_read), 0) AS hits
FROM statement_activity($__timeFrom(), $__timeTo()) a
JOIN chosen c ON c.id = a.statement_id
GROUP BY 1
ORDER BY 1
