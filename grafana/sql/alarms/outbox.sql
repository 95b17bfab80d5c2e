SELECT w.action,
       count(o.id) FILTER (WHERE o.done_at IS NULL AND o.given_up_at IS NULL) AS waiting,
       extract(epoch FROM now() - min(o.created_at) FILTER (WHERE o.done_at IS NULL AND o.given_up_at IS NULL))::double precision
           AS oldest_s,
       count(o.id) FILTER (WHERE o.done_at IS NULL AND o.given_up_at IS NULL AND o.attempts > 0) AS retried,
       count(o.id) FILTER (WHERE $__timeFilter(o.done_at)) AS sent,
       count(o.id) FILTER (WHERE $__timeFilter(o.given_up_at)) AS given_up,
       (array_agg(o.error ORDER BY o.id DESC) FILTER (WHERE o.error IS NOT NULL AND o.done_at IS NULL))[1] AS last_error
FROM (VALUES ('publish'), ('command'), ('webhook'), ('email')) w (action)
LEFT JOIN alarm_outbox o ON o.action = w.action
    AND (o.done_at IS NULL OR $__timeFilter(o.done_at))
GROUP BY w.action
ORDER BY w.action
