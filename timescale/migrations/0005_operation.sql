-- What iotctl logs and iotctl dead stand on.

-- A stream cannot forget a message: what was replayed or dropped is kept here. A stream that was deleted and made again
-- counts its offsets anew, so the time at which a letter was given up belongs to the key.
CREATE TABLE dead_letter_handled (
    stream_offset bigint NOT NULL,
    time_ns       bigint NOT NULL,
    action        text NOT NULL CHECK (action IN ('replayed', 'dropped')),
    handled_at    timestamptz NOT NULL DEFAULT now(),
    handled_by    text NOT NULL,  -- who was at the keyboard, e.g. anna@laptop, as the client says
    PRIMARY KEY (stream_offset, time_ns)
);
GRANT SELECT ON dead_letter_handled TO streaming_alarms, streaming_control, streaming_readonly;
GRANT INSERT, UPDATE, DELETE ON dead_letter_handled TO streaming_control;

-- Whoever follows the log asks for what was written since, for a line's own time is the sensor's: it may come late.
ALTER TABLE sensor_log ADD COLUMN written_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX sensor_log_written ON sensor_log (written_at);
-- the newest lines of all sensors
CREATE INDEX sensor_log_newest ON sensor_log (time DESC);
