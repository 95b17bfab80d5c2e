-- A week of what the dashboards look back at, of sensors that exist in the database only. Everything of sensors past-*.

INSERT INTO target (name, machine_group, support, rated_power_kw, speed_rpm, latitude, longitude)
SELECT 'past hall ' || n, 2, 'rigid', 30, 1480, 53.5 + n / 1000.0, 10 + n / 1000.0 FROM generate_series(1, 10) n;

INSERT INTO sensor (serial_number, provisional, sensor_type, state, sample_frequency_hz, hardware, firmware_version, born_at,
                    status_at, battery_percent, rssi_dbm, buffered_batches, longest_batch)
SELECT 'past-' || lpad(n::text, 2, '0'), false, 'vibration', (ARRAY['AWAKE', 'ASLEEP', 'OFFLINE'])[1 + n % 3], 1000, 'board', '1.' || n % 4,
       now() - n * interval '1 hour', now(), n, -50 - n, n, interval '1 second'
FROM generate_series(1, 50) n;

INSERT INTO channel (sensor_id, channel, name, quantity, unit)
SELECT s.id, c, (ARRAY['x', 'y', 'z'])[c + 1], 'acceleration', 'g'
FROM sensor s CROSS JOIN generate_series(0, 2) c WHERE s.serial_number LIKE 'past-%';

INSERT INTO sensor_target (sensor_id, target_id)
SELECT s.id, t.id FROM sensor s JOIN target t ON t.name = 'past hall ' || 1 + right(s.serial_number, 2)::int % 10
WHERE s.serial_number LIKE 'past-%';

-- past-01: a batch of one channel each second, for a week
INSERT INTO measurement_batch
SELECT t.time, time_to_nanoseconds(t.time), s.id, 0, 1, t.n, 1000, 1000, 0.01, 0.5 + 0.1 * sin(t.n / 3000.0), -1.5 - random(),
       1.5 + random(), ARRAY[0.1, 0.2, -0.1, 0.3]::real[]
FROM sensor s
CROSS JOIN (SELECT n, now() - interval '7 days' + n * interval '1 second' AS time FROM generate_series(0, 604799) n) t
WHERE s.serial_number = 'past-01';

-- the others: one of each of three channels every minute, for a day
INSERT INTO measurement_batch
SELECT t.time, time_to_nanoseconds(t.time), s.id, c, 1, t.n, 1000, 1000, 0.01, 0.5 + 0.1 * sin(t.n / 300.0), -1.5 - random(),
       1.5 + random(), ARRAY[0.1, 0.2, -0.1, 0.3]::real[]
FROM (SELECT n, now() - interval '1 day' + n * interval '1 minute' AS time FROM generate_series(0, 1439) n) t
CROSS JOIN sensor s CROSS JOIN generate_series(0, 2) c
WHERE s.serial_number LIKE 'past-%' AND s.serial_number <> 'past-01'
ORDER BY t.n;

INSERT INTO sensor_session (sensor_id, session, last_sequence, batch_count, sample_count, first_time, last_time, written_at)
SELECT s.id, d, 86399, 86399 - d, 86399000, now() - (d + 1) * interval '1 day', now() - d * interval '1 day',
       now() - d * interval '1 day' + interval '1 second'
FROM sensor s CROSS JOIN generate_series(0, 6) d WHERE s.serial_number LIKE 'past-%';

INSERT INTO position
SELECT now() - n * interval '10 minutes', s.id, 53.5 + n / 1e5, 10 + right(s.serial_number, 2)::int / 1e3, 5, 3
FROM sensor s CROSS JOIN generate_series(0, 1007) n
WHERE s.serial_number LIKE 'past-%' AND right(s.serial_number, 2)::int > 25;

INSERT INTO sensor_log (time, time_ns, sensor_id, level, logger, message, digest, written_at)
SELECT t, time_to_nanoseconds(t), s.id, 1 + n % 4, 'sampler', 'message ' || n, decode(md5(n::text), 'hex'), t
FROM sensor s CROSS JOIN generate_series(0, 499) n CROSS JOIN LATERAL (SELECT now() - n * interval '20 minutes') x (t)
WHERE s.serial_number LIKE 'past-%';

INSERT INTO command (id, sensor_id, name, issuer, client, issued_at, expires_at, queued_at, sent_at, outcome, acked_at)
SELECT gen_random_uuid(), s.id, 'identify', 'operator', 'anna@laptop', t, t + interval '1 hour', t, t, 'APPLIED', t + interval '1 second'
FROM sensor s CROSS JOIN generate_series(0, 99) n CROSS JOIN LATERAL (SELECT now() - n * interval '1 hour') x (t)
WHERE s.serial_number LIKE 'past-%';

INSERT INTO alarm_rule (name, enabled, definition, changed_by)
SELECT 'past ' || n, false, jsonb_build_object('kind', CASE WHEN n = 1 THEN 'zone' ELSE 'threshold' END, 'for', '{"all": true}'::jsonb), 'test'
FROM generate_series(1, 5) n;

-- 2,500 alarms that are closed, 50 that are not; a spectrum of 256 lines with each
INSERT INTO alarm (id, rule_id, sensor_id, channel, level, severity, message, value, active, acknowledged, suppressed, shelved_until,
                   activated_at, cleared_at, acknowledged_at, acknowledged_by, closed_at)
SELECT gen_random_uuid(), r.id, s.id, 0, 'high', 100 + 37 * (n % 25), 'over its limit', 2, n = 0, n > 0, n = 0 AND s.id % 7 = 0,
       CASE WHEN n = 0 AND s.id % 5 = 0 THEN now() + interval '1 hour' END,
       t, CASE WHEN n > 0 THEN t + interval '1 minute' END, CASE WHEN n > 0 THEN t + interval '5 minutes' END, 'anna@laptop',
       CASE WHEN n > 0 THEN t + interval '5 minutes' END
FROM alarm_rule r CROSS JOIN sensor s CROSS JOIN generate_series(0, 50) n
CROSS JOIN LATERAL (SELECT now() - n * interval '200 minutes' - s.id % 60 * interval '1 minute') x (t)
WHERE r.name LIKE 'past %' AND s.serial_number LIKE 'past-%' AND right(s.serial_number, 2)::int <= 10;

INSERT INTO alarm_transition (alarm_id, kind, at, written_at, level, severity, by, comment, evidence)
SELECT a.id, k.kind, a.activated_at + k.after, a.activated_at + k.after + interval '1 second', a.level, a.severity,
       CASE k.kind WHEN 'ACKNOWLEDGED' THEN 'anna@laptop' ELSE '' END, '', k.evidence
FROM alarm a JOIN alarm_rule r ON r.id = a.rule_id
CROSS JOIN LATERAL (VALUES
    ('ACTIVATED', interval '0', jsonb_build_object('value', 5.0, 'limit', 4.5, 'unit', 'mm/s', 'spectrum', jsonb_build_object(
        'frequencies_hz', (SELECT jsonb_agg(f) FROM generate_series(1, 256) f),
        'amplitudes', (SELECT jsonb_agg(1.0 / f) FROM generate_series(1, 256) f)))),
    ('CLEARED', interval '1 minute', '{"value": 4.0, "limit": 4.5, "unit": "mm/s"}'::jsonb),
    ('ACKNOWLEDGED', interval '5 minutes', '{}')
) k (kind, after, evidence)
WHERE r.name LIKE 'past %' AND (k.kind = 'ACTIVATED' OR a.closed_at IS NOT NULL);

INSERT INTO alarm_outbox (key, alarm_id, action, payload, due_at, created_at, attempts, done_at, error)
SELECT 'past-' || row_number() OVER (), a.id, (ARRAY['publish', 'webhook', 'email', 'command'])[1 + a.severity % 4], '{}', a.activated_at,
       a.activated_at, 1, a.activated_at, NULL
FROM alarm a JOIN alarm_rule r ON r.id = a.rule_id WHERE r.name LIKE 'past %';

INSERT INTO alarm_trigger (id, alarm_id, target, created_at, expires_at, acknowledged_at, machine, outcome)
SELECT gen_random_uuid(), a.id, 'past hall 1', a.activated_at, a.activated_at + interval '1 minute', a.activated_at + interval '1 second',
       'plc', 'DONE'
FROM alarm a JOIN alarm_rule r ON r.id = a.rule_id WHERE r.name = 'past 1';

INSERT INTO alarm_suppression (sensor_id, reason, by)
SELECT s.id, 'repaired', 'anna@laptop' FROM sensor s WHERE s.serial_number = 'past-03';

ANALYZE sensor, channel, sensor_session, measurement_batch, position, sensor_log, command, alarm, alarm_transition, alarm_outbox;
