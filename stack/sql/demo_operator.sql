-- The hash that the page's user has: made by now, or kept from before.
WITH made AS (
    INSERT INTO web_user (name, password_hash, role) VALUES (%(name)s, %(password_hash)s, 'operator')
    ON CONFLICT (name) DO NOTHING
    RETURNING password_hash
)
SELECT password_hash FROM made
UNION ALL
SELECT password_hash FROM web_user WHERE name = %(name)s
LIMIT 1
