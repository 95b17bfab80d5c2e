-- Never backwards: a consumer that lost its partition may still be writing what it had read.
INSERT INTO stream_offset AS s (stream, next_offset)
SELECT * FROM unnest(%s::text[], %s::bigint[])
ON CONFLICT (stream) DO UPDATE SET
    next_offset = greatest(s.next_offset, excluded.next_offset), updated_at = now()
