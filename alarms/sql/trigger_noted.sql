UPDATE alarm_trigger
SET noted_at = CASE WHEN %(acknowledged)s THEN now() ELSE noted_at END,
    escalated_at = CASE WHEN %(acknowledged)s THEN escalated_at ELSE now() END
WHERE id = %(id)s
