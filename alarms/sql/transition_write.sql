INSERT INTO alarm_transition (alarm_id, kind, at, level, severity, by, comment, evidence)
VALUES (%(alarm_id)s, %(kind)s, nanoseconds_to_time(%(at_ns)s), %(level)s, %(severity)s, %(by)s, %(comment)s, %(evidence)s)
ON CONFLICT (alarm_id, kind, at) DO NOTHING
