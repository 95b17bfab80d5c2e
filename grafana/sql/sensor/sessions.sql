SELECT x.first_time,
       x.last_time,
       x.session::text AS session,
       x.batch_count,
       x.missing,
       x.sample_count,
       extract(epoch FROM x.last_time - x.first_time)::double precision AS lasted_s,
       extract(epoch FROM x.written_at - x.last_time)::double precision AS latency_s
FROM sensor_session x
JOIN sensor s ON s.id = x.sensor_id
WHERE s.serial_number = ${serial:sqlstring}
ORDER BY x.last_time DESC
LIMIT 100
