INSERT INTO alarm_request (alarm_id, action, until, by, comment)
VALUES (%(id)s, %(action)s,
        CASE WHEN %(until_cleared)s THEN 'infinity' ELSE to_timestamp(%(until_ms)s::float8 / 1000) END,
        %(by)s, %(comment)s)
RETURNING id
