-- Sensors, their sessions, and what they measure. Uses only what both editions of TimescaleDB have.

CREATE TABLE sensor (
    id                          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    serial_number               text NOT NULL UNIQUE CHECK (serial_number ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'),
    provisional                 boolean NOT NULL DEFAULT true,  -- it measured before its birth was known
    hardware                    text,
    firmware_version            text,
    sensor_type                 text,
    sample_frequency_hz         double precision,
    maximum_sample_frequency_hz double precision,
    state                       text CHECK (state IN ('AWAKE', 'ASLEEP', 'OFFLINE')),
    session                     bigint,                         -- of the newest birth or status
    born_at                     timestamptz,                    -- when the newest birth was received
    status_at                   timestamptz,                    -- when the newest birth or status was received
    birth_time_ns               bigint,                         -- of the newest of each, by the sensor's clock where it
    status_time_ns              bigint,                         -- has one: a message may be delivered again, and later
    uptime_ms                   bigint,
    last_sequence               bigint,                         -- as the sensor says
    buffered_batches            bigint,
    oldest_buffered_sequence    bigint,
    free_memory_bytes           bigint,
    rssi_dbm                    int,
    battery_percent             real,
    longest_batch               interval NOT NULL DEFAULT '0',  -- how far back samples() has to look
    created_at                  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE channel (
    sensor_id int NOT NULL REFERENCES sensor,
    channel   smallint NOT NULL CHECK (channel >= 0),
    name      text NOT NULL,
    quantity  text NOT NULL,
    unit      text NOT NULL,
    minimum   real,
    maximum   real,
    PRIMARY KEY (sensor_id, channel)
);

-- One run of a sensor's firmware. Sequences are dense from 0, so what is missing is a number.
CREATE TABLE sensor_session (
    sensor_id     int NOT NULL REFERENCES sensor,
    session       bigint NOT NULL,
    last_sequence bigint NOT NULL,
    batch_count   bigint NOT NULL,  -- batches really inserted: a repeated one does not count
    sample_count  bigint NOT NULL,  -- a channel
    first_time    timestamptz NOT NULL,
    last_time     timestamptz NOT NULL,
    missing       bigint GENERATED ALWAYS AS (last_sequence + 1 - batch_count) STORED,
    PRIMARY KEY (sensor_id, session)
);

-- One batch of one channel. Sample i was taken at time_ns + round(i * 1e9 / sample_frequency_hz).
-- The unique key makes every retry harmless; in this order its index also serves "one channel over time".
CREATE TABLE measurement_batch (
    time                timestamptz NOT NULL,  -- time_ns, to the microsecond
    time_ns             bigint NOT NULL,
    sensor_id           int NOT NULL,
    channel             smallint NOT NULL,
    session             bigint NOT NULL,
    sequence            bigint NOT NULL,
    sample_frequency_hz double precision NOT NULL,
    sample_count        int NOT NULL,
    mean                real NOT NULL,
    rms                 real NOT NULL,
    minimum             real NOT NULL,
    maximum             real NOT NULL,
    samples             real[] NOT NULL,
    UNIQUE (sensor_id, channel, time, session, sequence)
);
SELECT create_hypertable('measurement_batch', by_range('time', INTERVAL '2 hours'), create_default_indexes => false);

CREATE TABLE position (
    time       timestamptz NOT NULL,
    sensor_id  int NOT NULL,
    latitude   double precision NOT NULL,  -- degrees, WGS 84
    longitude  double precision NOT NULL,
    altitude_m real NOT NULL,
    accuracy_m real NOT NULL,              -- 0: unknown
    UNIQUE (sensor_id, time)
);
SELECT create_hypertable('position', by_range('time', INTERVAL '7 days'), create_default_indexes => false);

CREATE TABLE sensor_log (
    time      timestamptz NOT NULL,
    time_ns   bigint NOT NULL,
    sensor_id int NOT NULL,
    level     smallint NOT NULL,
    logger    text NOT NULL,
    message   text NOT NULL,
    digest    bytea NOT NULL,  -- of level, logger and message: two lines may share a nanosecond
    UNIQUE (sensor_id, time, time_ns, digest)
);
SELECT create_hypertable('sensor_log', by_range('time', INTERVAL '7 days'), create_default_indexes => false);

-- The machine or structure that sensors sit on, with what ISO 20816 and bearing analysis need.
CREATE TABLE target (
    id              int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    machine_group   smallint CHECK (machine_group BETWEEN 1 AND 4),
    support         text CHECK (support IN ('rigid', 'flexible')),
    rated_power_kw  double precision CHECK (rated_power_kw > 0),
    speed_rpm       double precision CHECK (speed_rpm > 0),
    bearing         jsonb,  -- geometry, or the four frequencies as multiples of the shaft's
    latitude        double precision,
    longitude       double precision
);
CREATE TABLE sensor_target (
    sensor_id   int NOT NULL REFERENCES sensor,
    target_id   int NOT NULL REFERENCES target,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    removed_at  timestamptz,
    PRIMARY KEY (sensor_id, assigned_at)
);

-- Who told which sensor what, and what came of it.
CREATE TABLE command (
    id                  uuid PRIMARY KEY,
    sensor_id           int NOT NULL REFERENCES sensor,
    name                text,
    issuer              text,
    issued_at           timestamptz,
    expires_at          timestamptz,
    outcome             text CHECK (outcome IN ('APPLIED', 'REJECTED', 'EXPIRED', 'DUPLICATE')),
    reason              text,
    acked_at            timestamptz,
    state               text,
    sample_frequency_hz double precision
);
CREATE INDEX ON command (sensor_id, issued_at);

-- Where each consumer goes on: moved in the transaction that writes what was read.
CREATE TABLE stream_offset (
    stream      text PRIMARY KEY,
    next_offset bigint NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now()
);
