SELECT a.activated_at AS time,
       a.cleared_at AS timeend,
       a.message AS text,
       concat_ws(',', a.rule, a.level, a.state) AS tags
FROM alarm_overview a
WHERE a.serial_number = ${serial:sqlstring}
  AND a.activated_at <= $__timeTo()
  AND coalesce(a.cleared_at, 'infinity') >= $__timeFrom()
ORDER BY a.activated_at DESC
LIMIT 200
