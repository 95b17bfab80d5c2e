UPDATE alarm_rule SET removed_at = now(), enabled = false, changed_at = now(), changed_by = %(by)s WHERE id = %(id)s
