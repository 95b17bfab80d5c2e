SELECT x.session, x.first_time, x.last_time, x.batch_count, x.sample_count, x.last_sequence, x.missing
FROM sensor_session x JOIN sensor s ON s.id = x.sensor_id
WHERE s.serial_number = %(serial_number)s
ORDER BY x.last_time DESC
LIMIT %(limit)s
