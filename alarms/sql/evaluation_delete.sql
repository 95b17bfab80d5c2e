DELETE FROM alarm_evaluation WHERE rule_id = %(rule_id)s AND sensor_id = %(sensor_id)s AND channel = %(channel)s
