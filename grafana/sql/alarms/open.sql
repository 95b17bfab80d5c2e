SELECT a.severity,
       a.level,
       a.state,
       a.serial_number,
       coalesce(a.channel_name, '–') AS channel,
       coalesce(a.target, '–') AS target,
       a.message,
       a.rule,
       a.activated_at,
       extract(epoch FROM now() - a.activated_at)::double precision AS age_s,
       a.occurrences,
       CASE WHEN a.shelved THEN 'shelved' WHEN a.suppressed THEN 'suppressed' ELSE '' END AS quiet,
       left(a.id::text, 8) AS id,
       greatest(a.channel, 0)::text AS channel_number,
       (extract(epoch FROM a.activated_at - interval '1 minute') * 1000)::bigint::text AS from_ms,
       (extract(epoch FROM a.activated_at + interval '1 minute') * 1000)::bigint::text AS to_ms
FROM alarm_overview a
WHERE a.closed_at IS NULL
  AND ('' IN (${target:sqlstring}) OR coalesce(a.target, '–') IN (${target:sqlstring}))
  AND ('' IN (${rule:sqlstring}) OR a.rule IN (${rule:sqlstring}))
ORDER BY a.severity DESC, a.activated_at DESC
LIMIT 500
