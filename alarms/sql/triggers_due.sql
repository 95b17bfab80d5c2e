-- Of these alarms: acknowledgements that are not noted yet, and triggers that nobody has acknowledged in time. One that
-- was escalated stays so.
SELECT id, alarm_id, acknowledged_at IS NOT NULL, coalesce(machine, ''), coalesce(outcome, ''), coalesce(action_taken, '')
FROM alarm_trigger
WHERE alarm_id = ANY (%(alarms)s)
  AND ((acknowledged_at IS NOT NULL AND noted_at IS NULL)
       OR (acknowledged_at IS NULL AND escalated_at IS NULL AND escalate_at < now()))
ORDER BY created_at
LIMIT 500
