SELECT taken, statements, left_out, problem FROM take_database_snapshot(keep => make_interval(secs => %(keep_s)s))
