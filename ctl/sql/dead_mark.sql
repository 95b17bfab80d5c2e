INSERT INTO dead_letter_handled (stream_offset, time_ns, action, handled_by)
SELECT t.stream_offset, t.time_ns, %(action)s, %(by)s
FROM unnest(%(offsets)s::bigint[], %(times)s::bigint[]) AS t (stream_offset, time_ns)
ON CONFLICT (stream_offset, time_ns) DO UPDATE SET
    action = excluded.action, handled_at = now(), handled_by = excluded.handled_by
