SELECT g.created_at,
       coalesce(g.target, '–') AS target,
       CASE WHEN g.acknowledged_at IS NOT NULL THEN coalesce(g.outcome, 'acknowledged')
            WHEN g.escalated_at IS NOT NULL THEN 'escalated'
            WHEN g.expires_at < now() THEN 'expired'
            ELSE 'waits' END AS outcome,
       g.machine,
       g.action_taken,
       extract(epoch FROM g.acknowledged_at - g.created_at)::double precision AS took_s,
       a.serial_number,
       a.message
FROM alarm_trigger g
LEFT JOIN alarm_overview a ON a.id = g.alarm_id
WHERE $__timeFilter(g.created_at)
ORDER BY g.created_at DESC
LIMIT 100
