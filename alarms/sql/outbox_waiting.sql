-- What should have been sent by now: how many, and for how long the oldest of them, in seconds.
SELECT action, count(*), extract(epoch FROM max(now() - created_at))::double precision
FROM alarm_outbox
WHERE done_at IS NULL AND given_up_at IS NULL AND created_at <= now()
GROUP BY action
