-- Who told a sensor what. Everything that this knows comes with queued_at; the first that RabbitMQ queued stays.
INSERT INTO command AS c (id, sensor_id, name, parameters, issuer, client, issued_at, expires_at, queued_at)
SELECT %(id)s, s.id, %(name)s, %(parameters)s::jsonb, %(issuer)s, %(client)s,
       nanoseconds_to_time(%(issued_ns)s::bigint), nanoseconds_to_time(%(expires_ns)s::bigint),
       nanoseconds_to_time(%(queued_ns)s::bigint)
FROM sensor s WHERE s.serial_number = %(serial_number)s
ON CONFLICT (id, sensor_id) DO UPDATE SET
    name = excluded.name, parameters = excluded.parameters, issuer = excluded.issuer, client = excluded.client,
    issued_at = excluded.issued_at, expires_at = excluded.expires_at, queued_at = excluded.queued_at
WHERE c.queued_at IS NULL OR excluded.queued_at < c.queued_at
