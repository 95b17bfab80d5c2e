-- Without an end it is until somebody takes it back.
INSERT INTO alarm_suppression (rule_id, sensor_id, reason, by, until)
SELECT %(rule_id)s, unnest(%(sensor_ids)s::int[]), %(reason)s, %(by)s,
       coalesce(now() + %(for_s)s::float8 * INTERVAL '1 s', 'infinity')
RETURNING id, sensor_id
