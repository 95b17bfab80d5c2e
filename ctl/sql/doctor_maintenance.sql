-- How long ago the database was looked after, how long before that the last time, and how much it grows.
WITH newest AS (
    SELECT time, has_counters FROM database_snapshot ORDER BY time DESC LIMIT 2
), sized AS (
    SELECT min(time) AS first, max(time) AS last,
           (array_agg(database_bytes ORDER BY time DESC))[1] - (array_agg(database_bytes ORDER BY time))[1] AS grown
    FROM database_snapshot WHERE database_bytes IS NOT NULL AND time > now() - INTERVAL '7 days'
)
SELECT extract(epoch FROM now() - (SELECT max(time) FROM newest))::float8 AS age_s,
       extract(epoch FROM (SELECT max(time) - min(time) FROM newest))::float8 AS interval_s,
       (SELECT has_counters FROM newest ORDER BY time DESC LIMIT 1) AS has_statements,
       s.grown, extract(epoch FROM s.last - s.first)::float8 AS grown_s
FROM sized s
