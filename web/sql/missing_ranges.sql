-- Ranges of sequences that are missing here and that these sensors still hold: between a sensor's oldest buffered batch
-- and its newest, in its present session. One channel stands for all: a batch's channels are written together.
WITH held AS (
    SELECT s.id, s.serial_number, s.session, s.oldest_buffered_sequence AS first,
           greatest(s.last_sequence, x.last_sequence) AS last, x.first_time
    FROM sensor s
    JOIN sensor_session x ON x.sensor_id = s.id AND x.session = s.session
    WHERE s.serial_number = ANY (%(serial_numbers)s) AND s.oldest_buffered_sequence IS NOT NULL AND x.missing > 0
), present AS (
    SELECT DISTINCT h.id, b.sequence
    FROM held h
    JOIN measurement_batch b ON b.sensor_id = h.id
    WHERE b.session = h.session AND b.sequence BETWEEN h.first AND h.last AND b.time >= h.first_time - INTERVAL '1 hour'
), borders AS (
    SELECT id, sequence FROM present
    UNION ALL SELECT id, first - 1 FROM held
    UNION ALL SELECT id, last + 1 FROM held
)
SELECT h.serial_number, h.session, b.sequence + 1 AS first_sequence, b.next - 1 AS last_sequence
FROM (SELECT id, sequence, lead(sequence) OVER (PARTITION BY id ORDER BY sequence) AS next FROM borders) b
JOIN held h ON h.id = b.id
WHERE b.next > b.sequence + 1
ORDER BY 1, 3
