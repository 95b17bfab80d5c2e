-- Once: a rule that was changed or removed is not brought back.
INSERT INTO alarm_rule (name, definition, changed_by)
SELECT %(name)s, %(definition)s, 'make demo'
WHERE NOT EXISTS (SELECT FROM alarm_rule WHERE name = %(name)s)
