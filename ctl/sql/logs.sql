-- The newest lines that are wanted, the oldest of them first.
SELECT * FROM (
    SELECT l.time, l.time_ns, s.serial_number, l.level, l.logger, l.message, l.written_at
    FROM sensor_log l
    JOIN sensor s ON s.id = l.sensor_id
    WHERE (%(sensor_ids)s::int[] IS NULL OR l.sensor_id = ANY (%(sensor_ids)s))
      AND (%(since)s::timestamptz IS NULL OR l.time >= %(since)s)
      AND l.level >= %(level)s
      AND (%(contains)s::text IS NULL OR position(lower(%(contains)s) IN lower(l.message)) > 0)
    ORDER BY l.time DESC, l.time_ns DESC, l.digest DESC, l.sensor_id DESC
    LIMIT %(limit)s
) newest
ORDER BY time_ns, serial_number
