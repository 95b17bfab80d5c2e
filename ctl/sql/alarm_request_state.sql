SELECT id, alarm_id, applied_at, refusal FROM alarm_request WHERE id = ANY (%(ids)s)
