-- of alarms that became active in the span; one that waits is not in the first two
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM a.acknowledged_at - a.activated_at))
           FILTER (WHERE a.acknowledged AND a.acknowledged_at >= a.activated_at) AS median_s,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM a.acknowledged_at - a.activated_at))
           FILTER (WHERE a.acknowledged AND a.acknowledged_at >= a.activated_at) AS ninetieth_s,
       extract(epoch FROM now() - min(a.activated_at) FILTER (WHERE NOT a.acknowledged AND NOT a.shelved AND NOT a.suppressed))
           ::double precision AS oldest_s
FROM alarm_overview a
WHERE ($__timeFilter(a.activated_at) OR a.closed_at IS NULL)
  AND ('' IN (${target:sqlstring}) OR coalesce(a.target, '–') IN (${target:sqlstring}))
  AND ('' IN (${rule:sqlstring}) OR a.rule IN (${rule:sqlstring}))
