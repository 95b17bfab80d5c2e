SELECT id, name, role, password_hash, disabled_at IS NOT NULL AS disabled, changed_at FROM web_user WHERE name = %(name)s
