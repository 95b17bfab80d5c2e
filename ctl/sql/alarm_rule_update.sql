UPDATE alarm_rule SET
    enabled = %(enabled)s, definition = %(definition)s, version = %(version)s, changed_at = now(), changed_by = %(by)s
WHERE id = %(id)s
