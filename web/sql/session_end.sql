DELETE FROM web_session WHERE token_digest = %(digest)s
