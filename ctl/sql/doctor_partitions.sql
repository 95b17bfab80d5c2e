-- For how long nobody has written how far a partition is judged.
SELECT stream, extract(epoch FROM now() - updated_at)::float8 AS age_s FROM alarm_partition
