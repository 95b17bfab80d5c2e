SELECT a.activated_at,
       a.severity,
       a.level,
       a.state,
       a.message,
       a.rule,
       coalesce(a.channel_name, '–') AS channel,
       a.occurrences,
       a.cleared_at,
       a.acknowledged_at,
       a.acknowledged_by,
       a.serial_number,
       (extract(epoch FROM a.activated_at - interval '1 minute') * 1000)::bigint::text AS from_ms,
       (extract(epoch FROM a.activated_at + interval '1 minute') * 1000)::bigint::text AS to_ms
FROM alarm_overview a
WHERE a.serial_number = ${serial:sqlstring}
  AND a.activated_at <= $__timeTo()
  AND coalesce(a.closed_at, 'infinity') >= $__timeFrom()
ORDER BY a.activated_at DESC
LIMIT 200
