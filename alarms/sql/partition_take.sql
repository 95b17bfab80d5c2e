-- This process judges the partition now. One that was never judged begins where the rows in the database end.
INSERT INTO alarm_partition (stream, owner, next_offset, rewind_offset)
SELECT %(stream)s, %(owner)s, o.at, o.at
FROM (SELECT coalesce((SELECT next_offset FROM stream_offset WHERE stream = %(stream)s), 0) AS at) o
ON CONFLICT (stream) DO UPDATE SET owner = excluded.owner, updated_at = now()
RETURNING next_offset, rewind_offset
