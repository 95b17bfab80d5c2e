SELECT applied_at IS NOT NULL AS applied, refusal FROM alarm_request WHERE id = %(id)s
