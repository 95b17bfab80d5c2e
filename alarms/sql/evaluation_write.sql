INSERT INTO alarm_evaluation (rule_id, sensor_id, channel, version, state, reason)
VALUES (%(rule_id)s, %(sensor_id)s, %(channel)s, %(version)s, %(state)s, %(reason)s)
ON CONFLICT (rule_id, sensor_id, channel) DO UPDATE
SET version = excluded.version, state = excluded.state, reason = excluded.reason, updated_at = now()
