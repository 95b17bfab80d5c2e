SELECT count(*) FILTER (WHERE a.severity > 666 AND NOT quiet) AS high,
       count(*) FILTER (WHERE a.severity BETWEEN 334 AND 666 AND NOT quiet) AS medium,
       count(*) FILTER (WHERE a.severity < 334 AND NOT quiet) AS low,
       count(*) FILTER (WHERE NOT a.acknowledged AND NOT quiet) AS unacknowledged,
       count(*) FILTER (WHERE a.shelved) AS shelved,
       count(*) FILTER (WHERE a.suppressed) AS suppressed
FROM alarm_overview a
CROSS JOIN LATERAL (SELECT a.shelved OR a.suppressed AS quiet) q
WHERE a.closed_at IS NULL
  AND ('' IN (${target:sqlstring}) OR coalesce(a.target, '–') IN (${target:sqlstring}))
  AND ('' IN (${rule:sqlstring}) OR a.rule IN (${rule:sqlstring}))
