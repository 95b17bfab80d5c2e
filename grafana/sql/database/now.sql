SELECT extract(epoch FROM now() - max(time))::double precision AS age_s,
       (array_agg(statements ORDER BY time DESC))[1] AS statements,
       (array_agg(left_out ORDER BY time DESC))[1] AS left_out
FROM (SELECT * FROM database_snapshot ORDER BY time DESC LIMIT 1) d
