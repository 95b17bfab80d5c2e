-- For machines that connect; the newest, in order.
SELECT message
FROM (
    SELECT message, created_at
    FROM alarm_trigger
    WHERE acknowledged_at IS NULL AND message IS NOT NULL AND expires_at > now()
      AND (%(every)s OR target = ANY (%(targets)s))
    ORDER BY created_at DESC
    LIMIT %(limit)s
) newest
ORDER BY created_at
