-- What was sent, or given up, long ago. Its keys are not needed any more: streams do not go back that far.
DELETE FROM alarm_outbox
WHERE id IN (
    SELECT id FROM alarm_outbox
    WHERE done_at < now() - %(keep)s OR given_up_at < now() - %(keep)s
    LIMIT 5000
)
