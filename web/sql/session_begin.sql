-- A session of a user who has just shown the password; none where the user was changed or disabled meanwhile. Sessions
-- that are over go, and of the user's own all but the newest.
WITH over AS (
    DELETE FROM web_session
    WHERE expires_at <= now() OR seen_at <= now() - %(idle_s)s::float8 * INTERVAL '1 s'
), surplus AS (
    DELETE FROM web_session WHERE token_digest IN (
        SELECT token_digest FROM web_session WHERE user_id = %(user_id)s
        ORDER BY created_at DESC OFFSET %(most)s - 1
    )
), seen AS (
    UPDATE web_user SET last_login_at = now()
    WHERE id = %(user_id)s AND changed_at = %(changed_at)s AND disabled_at IS NULL
    RETURNING id
)
INSERT INTO web_session (token_digest, user_id, expires_at, address)
SELECT %(digest)s, id, now() + %(length_s)s::float8 * INTERVAL '1 s', %(address)s FROM seen
RETURNING user_id
