-- Rules, the alarms that they raise with every transition, and what is told to people and machines.

-- A definition is what alarms/rules.py accepts: kind, whom it is for, levels, delays, actions.
CREATE TABLE alarm_rule (
    id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    enabled    boolean NOT NULL DEFAULT true,
    definition jsonb NOT NULL,
    version    int NOT NULL DEFAULT 1,  -- one more with every change: evaluation begins anew
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL,
    removed_at timestamptz,             -- its alarms are kept, so it is, too
    kind       text GENERATED ALWAYS AS (definition ->> 'kind') STORED
);
CREATE UNIQUE INDEX alarm_rule_name ON alarm_rule (name) WHERE removed_at IS NULL;

-- One occurrence: from the moment a rule finds something until that is over and somebody has acknowledged it.
CREATE TABLE alarm (
    id              uuid PRIMARY KEY,
    rule_id         int NOT NULL REFERENCES alarm_rule,
    sensor_id       int NOT NULL REFERENCES sensor,
    channel         smallint NOT NULL DEFAULT -1,  -- -1: of the sensor as a whole
    level           text NOT NULL,                 -- the most severe one now, or at last
    severity        int NOT NULL CHECK (severity BETWEEN 1 AND 1000),  -- as OPC UA counts
    message         text NOT NULL,
    value           double precision,              -- at the last activation or change of level
    unit            text NOT NULL DEFAULT '',
    active          boolean NOT NULL,
    acknowledged    boolean NOT NULL,
    suppressed      boolean NOT NULL DEFAULT false,
    shelved_until   timestamptz,                   -- infinity: until it clears (one-shot)
    occurrences     int NOT NULL DEFAULT 1,        -- how often it became active before it was closed
    activated_at    timestamptz NOT NULL,          -- the last time
    cleared_at      timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    closed_at       timestamptz,                   -- cleared and acknowledged
    state           text GENERATED ALWAYS AS (CASE
        WHEN closed_at IS NOT NULL THEN 'CLOSED'
        WHEN active AND acknowledged THEN 'ACTIVE_ACKNOWLEDGED'
        WHEN active THEN 'ACTIVE_UNACKNOWLEDGED'
        ELSE 'CLEARED_UNACKNOWLEDGED' END) STORED
);
-- one at a time for each rule and source
CREATE UNIQUE INDEX alarm_open ON alarm (rule_id, sensor_id, channel) WHERE closed_at IS NULL;
CREATE INDEX alarm_newest ON alarm (activated_at DESC);
CREATE INDEX alarm_of_sensor ON alarm (sensor_id, activated_at DESC);

-- Everything that ever happened to an alarm, with what it was judged by.
CREATE TABLE alarm_transition (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id   uuid NOT NULL REFERENCES alarm,
    kind       text NOT NULL CHECK (kind IN (
        'ACTIVATED', 'CLEARED', 'LEVEL_CHANGED', 'ACKNOWLEDGED', 'REALARMED', 'SHELVED', 'UNSHELVED', 'SUPPRESSED',
        'UNSUPPRESSED', 'TRIGGER_ACKNOWLEDGED', 'ESCALATED')),
    at         timestamptz NOT NULL,           -- by the sensor's clock where it follows from a measurement
    written_at timestamptz NOT NULL DEFAULT now(),
    level      text NOT NULL,
    severity   int NOT NULL,
    by         text NOT NULL DEFAULT '',       -- whose hand it was; empty: the rule's
    comment    text NOT NULL DEFAULT '',
    evidence   jsonb NOT NULL DEFAULT '{}',    -- values, limits, a spectrum; samples: {"serial_number", "channel", "from", "to"}
    UNIQUE (alarm_id, kind, at)                -- what is evaluated again after a crash is written once
);
CREATE INDEX ON alarm_transition (alarm_id, id);

-- Where the evaluation of one rule for one source is: delays that run, what was learnt, why there is no verdict.
CREATE TABLE alarm_evaluation (
    rule_id    int NOT NULL REFERENCES alarm_rule,
    sensor_id  int NOT NULL REFERENCES sensor,
    channel    smallint NOT NULL,
    version    int NOT NULL,     -- the rule's; another's is not gone on with
    state      jsonb NOT NULL,
    reason     text NOT NULL DEFAULT '',  -- why there is no verdict; empty where there is one
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rule_id, sensor_id, channel)
);

-- How far each partition is judged. `owner` is the process that reads it: another's writes are refused.
CREATE TABLE alarm_partition (
    stream        text PRIMARY KEY,
    owner         uuid NOT NULL,
    next_offset   bigint NOT NULL,  -- everything before it is judged
    rewind_offset bigint NOT NULL,  -- from here on is read again to fill the windows that are not whole yet
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- What operators ask of an alarm; the service that judges its partition does it, and says so here.
CREATE TABLE alarm_request (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alarm_id     uuid NOT NULL REFERENCES alarm,
    action       text NOT NULL CHECK (action IN ('acknowledge', 'shelve', 'unshelve')),
    until        timestamptz,             -- of shelve; infinity: until it clears
    by           text NOT NULL,           -- who was at the keyboard, e.g. anna@laptop, as the client says
    comment      text NOT NULL DEFAULT '',
    requested_at timestamptz NOT NULL DEFAULT now(),
    applied_at   timestamptz,
    refusal      text                     -- why it was not done
);
CREATE INDEX alarm_request_open ON alarm_request (id) WHERE applied_at IS NULL;

-- Put out of service by somebody: alarms are recorded, and nobody is told. NULL: every rule, every sensor.
CREATE TABLE alarm_suppression (
    id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id    int REFERENCES alarm_rule,
    sensor_id  int REFERENCES sensor,
    reason     text NOT NULL CHECK (reason <> ''),
    by         text NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    until      timestamptz NOT NULL DEFAULT 'infinity',
    removed_at timestamptz,
    removed_by text
);

-- What is to be published, commanded, posted and mailed: at least once.
CREATE TABLE alarm_outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key        text NOT NULL UNIQUE,   -- what is made again after a crash is kept once
    alarm_id   uuid REFERENCES alarm,
    action     text NOT NULL CHECK (action IN ('publish', 'command', 'webhook', 'email')),
    payload    jsonb NOT NULL,
    due_at     timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    attempts   int NOT NULL DEFAULT 0,
    done_at    timestamptz,
    given_up_at timestamptz,
    error      text                    -- of the last attempt
);
CREATE INDEX alarm_outbox_due ON alarm_outbox (due_at) WHERE done_at IS NULL AND given_up_at IS NULL;

-- What machine controllers are told. The acknowledgement may be written before the rest.
CREATE TABLE alarm_trigger (
    id              uuid PRIMARY KEY,
    alarm_id        uuid,
    target          text,              -- the machine
    message         bytea,             -- alarm.v1.Trigger
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz,       -- afterwards no machine is told any more
    escalate_at     timestamptz,       -- unless it is acknowledged
    escalated_at    timestamptz,
    acknowledged_at timestamptz,
    machine         text,              -- who acknowledged
    outcome         text,
    action_taken    text,
    noted_at        timestamptz        -- the acknowledgement is in the alarm's history
);
CREATE INDEX alarm_trigger_open ON alarm_trigger (target, created_at) WHERE acknowledged_at IS NULL;
CREATE INDEX alarm_trigger_of_alarm ON alarm_trigger (alarm_id);

CREATE VIEW alarm_overview AS
SELECT a.id,
       a.state,
       a.severity,
       a.level,
       a.message,
       a.value,
       a.unit,
       s.serial_number,
       a.channel,
       c.name AS channel_name,
       t.name AS target,
       r.name AS rule,
       r.kind,
       a.active,
       a.acknowledged,
       a.suppressed,
       a.shelved_until,
       coalesce(a.shelved_until > now(), false) AS shelved,
       a.occurrences,
       a.activated_at,
       a.cleared_at,
       a.acknowledged_at,
       a.acknowledged_by,
       a.closed_at,
       a.rule_id,
       a.sensor_id
FROM alarm a
JOIN alarm_rule r ON r.id = a.rule_id
JOIN sensor s ON s.id = a.sensor_id
LEFT JOIN channel c ON c.sensor_id = a.sensor_id AND c.channel = a.channel
LEFT JOIN sensor_target m ON m.sensor_id = a.sensor_id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id;

GRANT SELECT ON alarm_rule, alarm, alarm_transition, alarm_evaluation, alarm_partition, alarm_request, alarm_suppression,
    alarm_outbox, alarm_trigger, alarm_overview TO streaming_alarms, streaming_control, streaming_readonly;
GRANT INSERT, UPDATE ON alarm, alarm_evaluation, alarm_partition, alarm_outbox, alarm_trigger TO streaming_alarms;
GRANT INSERT ON alarm_transition TO streaming_alarms;
GRANT UPDATE ON alarm_request TO streaming_alarms;
GRANT DELETE ON alarm_evaluation TO streaming_alarms;
GRANT DELETE ON alarm_outbox TO streaming_alarms;  -- what was sent long ago
GRANT INSERT, UPDATE ON alarm_rule, alarm_suppression TO streaming_control;
GRANT INSERT ON alarm_request TO streaming_control;
GRANT DELETE ON alarm_evaluation TO streaming_control;  -- iotctl alarms rules relearn
GRANT UPDATE (due_at, given_up_at, attempts) ON alarm_outbox TO streaming_control;  -- iotctl alarms outbox --retry
