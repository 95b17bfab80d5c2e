-- Lines that came after those that the key names, in the order in which they were written. Chunks of lines older than a
-- month are not looked at: no sensor keeps lines for so long.
SELECT l.time, l.time_ns, s.serial_number, l.level, l.logger, l.message, l.written_at, l.digest, l.sensor_id
FROM sensor_log l
JOIN sensor s ON s.id = l.sensor_id
WHERE (l.written_at, l.time_ns, l.digest, l.sensor_id)
      > (%(written_at)s, %(time_ns)s, %(digest)s, %(sensor_id)s)
  AND l.time >= now() - INTERVAL '30 days'
  AND (%(sensor_ids)s::int[] IS NULL OR l.sensor_id = ANY (%(sensor_ids)s))
  AND l.level >= %(level)s
  AND (%(contains)s::text IS NULL OR position(lower(%(contains)s) IN lower(l.message)) > 0)
ORDER BY l.written_at, l.time_ns, l.digest, l.sensor_id
LIMIT %(limit)s
