-- The first acknowledgement counts.
INSERT INTO alarm_trigger (id, acknowledged_at, machine, outcome, action_taken)
VALUES (%(id)s, nanoseconds_to_time(%(time_ns)s), %(machine)s, %(outcome)s, %(action_taken)s)
ON CONFLICT (id) DO UPDATE
SET acknowledged_at = excluded.acknowledged_at, machine = excluded.machine, outcome = excluded.outcome,
    action_taken = excluded.action_taken
WHERE alarm_trigger.acknowledged_at IS NULL
