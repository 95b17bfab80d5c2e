-- Commands with a time for each step, who gave them, and what came of them; targets with what iotctl writes.

-- Three speak of a command: whoever gave it (the audit), the bridge that passed it on, and the sensor. What they say
-- comes by three queues, in any order and more than once, so each has columns of its own, and command_overview judges.
-- A sensor may speak of its own commands only, so the key holds the sensor: another's word is another row.
ALTER TABLE command DROP CONSTRAINT command_pkey;
ALTER TABLE command ADD PRIMARY KEY (id, sensor_id);
ALTER TABLE command
    ADD COLUMN parameters     jsonb,
    ADD COLUMN client         text,         -- from where it was given, e.g. anna@laptop, as the client says
    ADD COLUMN queued_at      timestamptz,  -- RabbitMQ got it; with it come name to expires_at
    ADD COLUMN sent_at        timestamptz,  -- the MQTT broker took it for the sensor, the last time
    ADD COLUMN failed_at      timestamptz,  -- a bridge could not pass it on, the last time; with it come the next two
    ADD COLUMN failure        text CHECK (failure IN ('UNREACHABLE', 'EXPIRED')),
    ADD COLUMN failure_reason text;
COMMENT ON COLUMN command.issuer IS 'the RabbitMQ user that published it, as RabbitMQ has verified';

-- newest first, of all sensors and of one
DROP INDEX command_sensor_id_issued_at_idx;
CREATE INDEX command_newest ON command (coalesce(issued_at, queued_at, acked_at, sent_at, failed_at) DESC);
CREATE INDEX command_newest_of_sensor
    ON command (sensor_id, coalesce(issued_at, queued_at, acked_at, sent_at, failed_at) DESC);

-- status: QUEUED, SENT, UNREACHABLE, EXPIRED, or what the sensor said: APPLIED, REJECTED, EXPIRED, DUPLICATE.
-- The sensor's word is the last, for a command that comes twice may have been UNREACHABLE first; then the bridge's
-- newest; a command without an answer has EXPIRED at its expiry, for no sensor will apply it any more.
CREATE VIEW command_overview AS
SELECT c.id,
       s.serial_number,
       c.name,
       c.parameters,
       c.issuer,
       c.client,
       coalesce(c.issued_at, c.queued_at, c.acked_at, c.sent_at, c.failed_at) AS issued_at,
       c.expires_at,
       c.queued_at,
       c.sent_at,
       CASE WHEN c.outcome IS NOT NULL THEN c.acked_at
            WHEN j.failed THEN c.failed_at
            WHEN j.expired THEN c.expires_at END AS ended_at,
       CASE WHEN c.outcome IS NOT NULL THEN c.outcome
            WHEN j.failed THEN c.failure
            WHEN j.expired THEN 'EXPIRED'
            WHEN c.sent_at IS NOT NULL THEN 'SENT'
            ELSE 'QUEUED' END AS status,
       CASE WHEN c.outcome IS NOT NULL THEN c.reason
            WHEN j.failed THEN c.failure_reason
            WHEN j.expired THEN 'no answer before its expiry' END AS reason,
       c.state,
       c.sample_frequency_hz,
       c.sensor_id
FROM command c
JOIN sensor s ON s.id = c.sensor_id
CROSS JOIN LATERAL (
    SELECT c.failed_at IS NOT NULL AND (c.sent_at IS NULL OR c.failed_at >= c.sent_at) AS failed,
           c.expires_at IS NOT NULL AND c.expires_at < now() AS expired
) j
-- a sensor that speaks of another's command is not believed; one of which only the sensor speaks is shown
WHERE c.queued_at IS NOT NULL
   OR NOT EXISTS (SELECT FROM command o WHERE o.id = c.id AND o.queued_at IS NOT NULL);

-- When the newest of a session's batches was written: latency is written_at - last_time.
ALTER TABLE sensor_session ADD COLUMN written_at timestamptz;

ALTER TABLE target
    ADD COLUMN description     text,
    ADD COLUMN shaft_height_mm double precision CHECK (shaft_height_mm > 0);
CREATE UNIQUE INDEX sensor_target_current ON sensor_target (sensor_id) WHERE removed_at IS NULL;
CREATE INDEX ON sensor_target (target_id);

CREATE OR REPLACE VIEW sensor_overview AS
SELECT s.id,
       s.serial_number,
       s.provisional,
       s.sensor_type,
       s.hardware,
       s.firmware_version,
       s.state,
       s.sample_frequency_hz,
       s.status_at,
       s.rssi_dbm,
       s.battery_percent,
       s.buffered_batches,
       coalesce(r.sessions, 0) AS sessions,
       coalesce(r.batch_count, 0) AS batch_count,
       coalesce(r.sample_count, 0) AS sample_count,
       coalesce(r.missing, 0) AS missing,
       r.last_time AS last_measured_at,
       p.latitude,
       p.longitude,
       p.time AS position_at,
       s.maximum_sample_frequency_hz,
       s.session,
       s.born_at,
       n.written_at - n.last_time AS latency,
       t.name AS target
FROM sensor s
LEFT JOIN LATERAL (
    SELECT count(*) AS sessions,
           sum(x.batch_count)::bigint AS batch_count,
           sum(x.sample_count)::bigint AS sample_count,
           sum(x.missing)::bigint AS missing,
           max(x.last_time) AS last_time
    FROM sensor_session x WHERE x.sensor_id = s.id
) r ON true
LEFT JOIN LATERAL (
    SELECT x.written_at, x.last_time FROM sensor_session x
    WHERE x.sensor_id = s.id ORDER BY x.last_time DESC LIMIT 1
) n ON true
LEFT JOIN LATERAL (
    SELECT q.latitude, q.longitude, q.time FROM position q
    WHERE q.sensor_id = s.id ORDER BY q.time DESC LIMIT 1
) p ON true
LEFT JOIN sensor_target a ON a.sensor_id = s.id AND a.removed_at IS NULL
LEFT JOIN target t ON t.id = a.target_id;

-- streaming_control already writes targets and their sensors; commands it publishes, and ingest records them.
REVOKE INSERT, UPDATE ON command FROM streaming_control;
GRANT SELECT ON command_overview, sensor_overview TO streaming_alarms, streaming_control, streaming_readonly;
