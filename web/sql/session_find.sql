-- Whose session it is; nothing where it is over: by its time, by idleness, or because the user was disabled or changed.
SELECT u.id AS user_id, u.name, u.role, s.seen_at < now() - INTERVAL '1 minute' AS stale
FROM web_session s
JOIN web_user u ON u.id = s.user_id
WHERE s.token_digest = %(digest)s
  AND s.expires_at > now()
  AND s.seen_at > now() - %(idle_s)s::float8 * INTERVAL '1 s'
  AND u.disabled_at IS NULL
  AND s.created_at >= u.changed_at
