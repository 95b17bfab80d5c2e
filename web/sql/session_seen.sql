UPDATE web_session SET seen_at = now() WHERE token_digest = %(digest)s
