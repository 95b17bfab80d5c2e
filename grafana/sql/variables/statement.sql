-- the key names a text and its role: after a restart the same statement may have another number
SELECT k.role_name || ': ' || left(regexp_replace(k.text, '\s+', ' ', 'g'), 120) AS __text,
       left(md5(k.role_name || k.text), 12) AS __value
FROM statement k
WHERE k.id IN (SELECT s.statement_id FROM statement_snapshot s WHERE $__timeFilter(s.time))
  AND ('' IN (${role:sqlstring}) OR k.role_name IN (${role:sqlstring}))
GROUP BY k.role_name, k.text
ORDER BY k.role_name, k.text
LIMIT 500
