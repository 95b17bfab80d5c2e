-- Once for each connection. Rows come in by COPY, which cannot skip what is there already. Samples stay in
-- their row as they are: they leave it again at once.
CREATE TEMPORARY TABLE measurement_staging (LIKE measurement_batch) ON COMMIT DELETE ROWS;
ALTER TABLE measurement_staging ALTER COLUMN samples SET STORAGE EXTERNAL;
ALTER TABLE measurement_staging SET (toast_tuple_target = 8160);
