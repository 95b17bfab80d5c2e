-- Of each kind that is sent: what was given up within a day, and what should have gone out ten minutes ago.
SELECT o.action,
       count(*) FILTER (WHERE o.given_up_at IS NOT NULL) AS given_up,
       (array_agg(o.error ORDER BY o.given_up_at DESC) FILTER (WHERE o.given_up_at IS NOT NULL))[1] AS given_up_error,
       count(*) FILTER (WHERE o.given_up_at IS NULL) AS late,
       (array_agg(o.error ORDER BY o.created_at) FILTER (WHERE o.given_up_at IS NULL))[1] AS late_error,
       (extract(epoch FROM now() - min(o.created_at) FILTER (WHERE o.given_up_at IS NULL)))::float8 AS oldest_s
FROM alarm_outbox o
WHERE o.done_at IS NULL
  AND (o.given_up_at > now() - INTERVAL '1 day'
       OR (o.given_up_at IS NULL AND o.created_at < now() - INTERVAL '10 minutes'))
GROUP BY o.action
ORDER BY o.action
