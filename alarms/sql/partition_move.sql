-- So far is judged; only by who owns the partition.
UPDATE alarm_partition p
SET next_offset = u.next_offset, rewind_offset = u.rewind_offset, updated_at = now()
FROM unnest(%(streams)s::text[], %(next_offsets)s::bigint[], %(rewind_offsets)s::bigint[])
    AS u (stream, next_offset, rewind_offset)
WHERE p.stream = u.stream AND p.owner = %(owner)s
