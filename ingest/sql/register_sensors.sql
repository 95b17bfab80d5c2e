-- Ids of these serial numbers; unknown ones are registered provisionally. Returns (serial_number, id, is_new).
WITH wanted AS (SELECT DISTINCT unnest(%s::text[]) AS serial_number),
made AS (
    INSERT INTO sensor (serial_number)
    SELECT w.serial_number FROM wanted w
    WHERE NOT EXISTS (SELECT FROM sensor s WHERE s.serial_number = w.serial_number)
    ORDER BY 1
    ON CONFLICT (serial_number) DO NOTHING
    RETURNING serial_number, id
)
SELECT serial_number, id, true FROM made
UNION ALL
SELECT s.serial_number, s.id, false FROM sensor s JOIN wanted w USING (serial_number)
