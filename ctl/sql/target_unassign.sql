UPDATE sensor_target SET removed_at = now() WHERE sensor_id = ANY (%(sensor_ids)s) AND removed_at IS NULL
