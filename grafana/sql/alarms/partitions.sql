SELECT p.stream,
       p.next_offset AS judged,
       o.next_offset AS stored,
       greatest(o.next_offset - p.next_offset, 0) AS behind,
       extract(epoch FROM now() - p.updated_at)::double precision AS age_s,
       p.owner::text AS owner
FROM alarm_partition p
LEFT JOIN stream_offset o ON o.stream = p.stream
ORDER BY p.stream
