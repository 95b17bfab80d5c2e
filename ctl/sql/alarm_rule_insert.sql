INSERT INTO alarm_rule (name, enabled, definition, changed_by) VALUES (%(name)s, %(enabled)s, %(definition)s, %(by)s)
