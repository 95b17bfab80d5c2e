WITH changed AS (
    UPDATE web_user SET disabled_at = CASE WHEN %(disabled)s THEN coalesce(disabled_at, now()) END
    WHERE name = %(name)s
    RETURNING id, name
), ended AS (
    DELETE FROM web_session WHERE user_id IN (SELECT id FROM changed)
)
SELECT name FROM changed
