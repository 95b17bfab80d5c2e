SELECT drop_chunks(%(table)s::regclass, older_than => now() - make_interval(secs => %(keep_s)s))
