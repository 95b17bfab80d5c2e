SELECT c.issued_at AS time,
       concat_ws(' ', c.name, c.parameters::text) AS text,
       concat_ws(',', 'command', c.status) AS tags
FROM command_overview c
WHERE c.serial_number = ${serial:sqlstring}
  AND $__timeFilter(c.issued_at)
ORDER BY c.issued_at DESC
LIMIT 200
