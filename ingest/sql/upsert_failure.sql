-- A bridge: it could not be passed on. The last failure stays; of two at the same time the greater, whichever comes first.
INSERT INTO command AS c (id, sensor_id, failed_at, failure, failure_reason)
SELECT %(id)s, s.id, nanoseconds_to_time(%(time_ns)s), %(failure)s, %(reason)s
FROM sensor s WHERE s.serial_number = %(serial_number)s
ON CONFLICT (id, sensor_id) DO UPDATE SET
    failed_at = excluded.failed_at, failure = excluded.failure, failure_reason = excluded.failure_reason
WHERE c.failed_at IS NULL
   OR (excluded.failed_at, excluded.failure, excluded.failure_reason) > (c.failed_at, c.failure, c.failure_reason)
