-- What operators asked of one alarm and is not done, or was not.
SELECT action, by, comment, requested_at, applied_at, refusal
FROM alarm_request
WHERE alarm_id = %(id)s AND (applied_at IS NULL OR refusal IS NOT NULL)
ORDER BY id DESC
LIMIT %(limit)s
