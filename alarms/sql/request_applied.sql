UPDATE alarm_request SET applied_at = now(), refusal = nullif(%(refusal)s, '') WHERE id = %(id)s
