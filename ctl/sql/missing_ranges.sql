-- Ranges of sequences that are missing here and that the sensor still holds: between its oldest buffered batch and its
-- newest, in its present session. One channel stands for all: a batch's channels are written together.
WITH held AS (
    SELECT s.id, s.session, s.oldest_buffered_sequence AS first,
           greatest(s.last_sequence, x.last_sequence) AS last, x.first_time
    FROM sensor s
    JOIN sensor_session x ON x.sensor_id = s.id AND x.session = s.session
    WHERE s.serial_number = %(serial_number)s AND s.oldest_buffered_sequence IS NOT NULL
), present AS (
    SELECT DISTINCT b.sequence
    FROM measurement_batch b JOIN held h ON b.sensor_id = h.id
    WHERE b.session = h.session AND b.sequence BETWEEN h.first AND h.last AND b.time >= h.first_time - INTERVAL '1 hour'
), borders AS (
    SELECT sequence FROM present
    UNION ALL SELECT first - 1 FROM held
    UNION ALL SELECT last + 1 FROM held
)
SELECT h.session, b.sequence + 1 AS first_sequence, b.next - 1 AS last_sequence
FROM (SELECT sequence, lead(sequence) OVER (ORDER BY sequence) AS next FROM borders) b
CROSS JOIN held h
WHERE b.next > b.sequence + 1
ORDER BY 2
