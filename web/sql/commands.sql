-- The newest first.
SELECT id::text, serial_number, name, parameters, issuer, client,
       (extract(epoch FROM issued_at) * 1000)::bigint AS issued_at,
       (extract(epoch FROM sent_at) * 1000)::bigint AS sent_at,
       (extract(epoch FROM ended_at) * 1000)::bigint AS ended_at,
       (extract(epoch FROM expires_at) * 1000)::bigint AS expires_at,
       status, reason, state, sample_frequency_hz
FROM command_overview
WHERE %(serial_number)s::text IS NULL
   OR sensor_id = (SELECT s.id FROM sensor s WHERE s.serial_number = %(serial_number)s)
ORDER BY command_overview.issued_at DESC, command_overview.id DESC
LIMIT %(limit)s
