-- how far each reader is, and when it said so last
SELECT o.stream, 'ingest' AS reader, o.next_offset, extract(epoch FROM now() - o.updated_at)::double precision AS age_s
FROM stream_offset o
UNION ALL
SELECT p.stream, 'alarms', p.next_offset, extract(epoch FROM now() - p.updated_at)::double precision
FROM alarm_partition p
ORDER BY 1, 2
LIMIT 100
