INSERT INTO alarm_request (alarm_id, action, until, by, comment)
SELECT unnest(%(alarm_ids)s::uuid[]), %(action)s,
       CASE WHEN %(until_cleared)s THEN 'infinity' ELSE now() + %(for_s)s::float8 * INTERVAL '1 s' END,
       %(by)s, %(comment)s
RETURNING id, alarm_id
