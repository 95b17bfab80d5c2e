-- The last ones that happened to an alarm, in the order in which they were written.
SELECT kind, at, level, severity, by, comment, evidence
FROM (
    SELECT id, kind, (extract(epoch FROM at) * 1000)::bigint AS at, level, severity, by, comment, evidence
    FROM alarm_transition
    WHERE alarm_id = %(id)s
    ORDER BY id DESC
    LIMIT %(limit)s
) t
ORDER BY id
