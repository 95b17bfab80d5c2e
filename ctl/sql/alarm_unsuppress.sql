UPDATE alarm_suppression SET removed_at = now(), removed_by = %(by)s
WHERE id = ANY (%(ids)s) AND removed_at IS NULL AND until > now()
RETURNING id
