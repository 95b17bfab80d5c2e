SELECT x.at,
       x.kind,
       x.severity,
       x.level,
       a.serial_number,
       a.rule,
       a.message,
       x.by,
       x.comment,
       extract(epoch FROM x.written_at - x.at)::double precision AS took_s,
       (extract(epoch FROM x.at - interval '1 minute') * 1000)::bigint::text AS from_ms,
       (extract(epoch FROM x.at + interval '1 minute') * 1000)::bigint::text AS to_ms
FROM alarm_overview a
JOIN LATERAL (
    SELECT t.* FROM alarm_transition t WHERE t.alarm_id = a.id AND $__timeFilter(t.at) ORDER BY t.id DESC LIMIT 100
) x ON true
WHERE a.activated_at <= $__timeTo()
  AND coalesce(a.closed_at, 'infinity') >= $__timeFrom()
  AND ('' IN (${target:sqlstring}) OR coalesce(a.target, '–') IN (${target:sqlstring}))
  AND ('' IN (${rule:sqlstring}) OR a.rule IN (${rule:sqlstring}))
ORDER BY x.id DESC
LIMIT 300
