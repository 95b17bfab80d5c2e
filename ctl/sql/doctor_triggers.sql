-- Machines whose controllers did not answer a trigger before it expired, within a day.
SELECT target, count(*) AS expired
FROM alarm_trigger
WHERE acknowledged_at IS NULL AND expires_at < now() AND expires_at > now() - INTERVAL '1 day'
GROUP BY target
ORDER BY max(expires_at) DESC
