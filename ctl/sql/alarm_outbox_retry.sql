-- At once, as if it had not been tried.
UPDATE alarm_outbox SET due_at = now(), given_up_at = NULL, attempts = 0
WHERE id = ANY (%(ids)s) AND done_at IS NULL
RETURNING id
