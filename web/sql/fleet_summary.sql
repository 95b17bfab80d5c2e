-- The whole fleet in one row.
SELECT s.*, m.missing, a.*
FROM (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE state = 'AWAKE') AS awake,
           count(*) FILTER (WHERE state = 'ASLEEP') AS asleep,
           count(*) FILTER (WHERE state = 'OFFLINE') AS offline,
           count(*) FILTER (WHERE state IS NULL) AS unknown
    FROM sensor
) s
CROSS JOIN (SELECT coalesce(sum(missing), 0)::bigint AS missing FROM sensor_session) m
CROSS JOIN (
    SELECT count(*) FILTER (WHERE active) AS active, count(*) FILTER (WHERE NOT acknowledged) AS unacknowledged
    FROM alarm WHERE closed_at IS NULL
) a
