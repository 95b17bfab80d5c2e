INSERT INTO sensor_target (sensor_id, target_id) SELECT unnest(%(sensor_ids)s::int[]), %(target_id)s
