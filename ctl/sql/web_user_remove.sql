DELETE FROM web_user WHERE name = %(name)s RETURNING name
