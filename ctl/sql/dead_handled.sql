SELECT stream_offset, time_ns, action, handled_at, handled_by
FROM dead_letter_handled
WHERE stream_offset = ANY (%(offsets)s)
