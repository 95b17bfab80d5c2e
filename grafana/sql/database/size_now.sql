-- growth over at most a week; of less than six hours it would be a guess
WITH measured AS (
    SELECT time, database_bytes FROM database_snapshot
    WHERE database_bytes IS NOT NULL AND time > now() - INTERVAL '7 days'
), newest AS (SELECT * FROM measured ORDER BY time DESC LIMIT 1),
oldest AS (SELECT * FROM measured ORDER BY time LIMIT 1)
SELECT n.database_bytes AS bytes,
       CASE WHEN n.time - o.time >= INTERVAL '6 hours' THEN
           (n.database_bytes - o.database_bytes) / (extract(epoch FROM n.time - o.time)::double precision / 86400)
       END AS bytes_per_day
FROM newest n CROSS JOIN oldest o
