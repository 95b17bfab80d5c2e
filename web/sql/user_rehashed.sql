-- The same password by today's parameters; not where it was changed meanwhile.
UPDATE web_user SET password_hash = %(rehashed)s WHERE id = %(id)s AND password_hash = %(kept)s
