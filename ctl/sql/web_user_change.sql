-- What is given; sessions that began before a change of password or role are over.
WITH changed AS (
    UPDATE web_user SET
        password_hash = coalesce(%(password_hash)s, password_hash),
        role = coalesce(%(role)s, role),
        changed_at = clock_timestamp()
    WHERE name = %(name)s
    RETURNING id, name
), ended AS (
    DELETE FROM web_session WHERE user_id IN (SELECT id FROM changed)
)
SELECT name FROM changed
