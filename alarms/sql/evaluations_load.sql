SELECT rule_id, sensor_id, channel, version, state FROM alarm_evaluation WHERE sensor_id = ANY (%(sensors)s)
