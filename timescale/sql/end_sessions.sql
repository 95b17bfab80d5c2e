-- nobody can use these any more
DELETE FROM web_session WHERE expires_at < now()
