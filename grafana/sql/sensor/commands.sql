SELECT c.issued_at,
       c.name,
       c.parameters::text AS parameters,
       c.status,
       c.reason,
       extract(epoch FROM c.ended_at - c.issued_at)::double precision AS took_s,
       c.issuer,
       c.client,
       c.expires_at
FROM command_overview c
WHERE c.serial_number = ${serial:sqlstring}
  AND $__timeFilter(c.issued_at)
ORDER BY c.issued_at DESC
LIMIT 200
