-- How far back a window has to look for batches that reach into it, and when the newest sample came.
SELECT s.longest_batch, (SELECT max(x.last_time) FROM sensor_session x WHERE x.sensor_id = s.id) AS last_time
FROM sensor s WHERE s.id = %(sensor_id)s
