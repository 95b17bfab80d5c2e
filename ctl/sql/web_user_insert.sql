INSERT INTO web_user (name, password_hash, role) VALUES (%(name)s, %(password_hash)s, %(role)s)
ON CONFLICT (name) DO NOTHING
RETURNING name
