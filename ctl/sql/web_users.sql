-- Who may log in to the live page, and in how many browsers each is.
SELECT u.name, u.role, u.disabled_at, u.last_login_at, u.changed_at, u.created_at,
       (SELECT count(*) FROM web_session s
        WHERE s.user_id = u.id AND s.expires_at > now() AND s.created_at >= u.changed_at AND u.disabled_at IS NULL) AS sessions
FROM web_user u
ORDER BY u.name
