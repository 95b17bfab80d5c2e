-- The newest first; a command of which only an answer is known has no time of issue and comes last.
SELECT id, serial_number, name, parameters, issuer, client, issued_at, expires_at, queued_at, sent_at, ended_at,
       status, reason, state, sample_frequency_hz
FROM command_overview
WHERE (%(id)s::uuid IS NULL OR id = %(id)s)
  AND (%(serial_number)s::text IS NULL OR serial_number = %(serial_number)s)
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(name)s::text IS NULL OR name = %(name)s)
  AND (%(issuer)s::text IS NULL OR issuer = %(issuer)s)
  AND (%(since)s::timestamptz IS NULL OR issued_at >= %(since)s)
ORDER BY issued_at DESC NULLS LAST, id DESC
LIMIT %(limit)s
