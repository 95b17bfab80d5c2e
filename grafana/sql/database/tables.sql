-- growth over at most a week; of less than six hours it would be a guess
WITH newest AS (
    SELECT * FROM table_snapshot WHERE time = (SELECT max(time) FROM table_snapshot)
), oldest AS (
    SELECT * FROM table_snapshot
    WHERE time = (SELECT min(time) FROM table_snapshot WHERE time > now() - INTERVAL '7 days')
)
SELECT n.table_name,
       n.total_bytes,
       CASE WHEN n.time - o.time >= INTERVAL '6 hours' THEN
           (n.total_bytes - o.total_bytes) / (extract(epoch FROM n.time - o.time)::double precision / 86400)
       END AS bytes_per_day,
       n.chunks,
       CASE WHEN n.chunks IS NULL THEN NULL
            WHEN n.compressed_chunks = 0 THEN 'not compressed'
            ELSE n.compressed_chunks || ' chunks, ' || round(n.bytes_before / nullif(n.bytes_after, 0)::numeric, 1) || ' : 1'
       END AS compression,
       n.live_rows,
       n.dead_rows,
       n.dead_rows / nullif(n.live_rows + n.dead_rows, 0)::double precision AS dead_share,
       counter_growth(n.vacuums, o.vacuums) AS vacuums,
       extract(epoch FROM n.time - n.last_vacuum)::double precision AS vacuum_s,
       extract(epoch FROM n.time - n.last_analyze)::double precision AS analyze_s
FROM newest n
LEFT JOIN oldest o USING (table_name)
ORDER BY n.total_bytes DESC
LIMIT 60
