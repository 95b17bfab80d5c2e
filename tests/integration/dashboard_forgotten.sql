-- Takes out what dashboard_history.sql and the fleet of dashboard_site.py have put in.
CREATE TEMPORARY TABLE gone ON COMMIT DROP AS
SELECT id FROM sensor WHERE serial_number LIKE 'past-%' OR serial_number LIKE 'shown-%';
CREATE TEMPORARY TABLE gone_rule ON COMMIT DROP AS
SELECT id FROM alarm_rule WHERE name LIKE 'past %' OR name LIKE 'shown %';
CREATE TEMPORARY TABLE gone_alarm ON COMMIT DROP AS
SELECT id FROM alarm WHERE rule_id IN (TABLE gone_rule) OR sensor_id IN (TABLE gone);
DELETE FROM alarm_trigger WHERE alarm_id IN (TABLE gone_alarm);
DELETE FROM alarm_outbox WHERE alarm_id IN (TABLE gone_alarm);
DELETE FROM alarm_request WHERE alarm_id IN (TABLE gone_alarm);
DELETE FROM alarm_transition WHERE alarm_id IN (TABLE gone_alarm);
DELETE FROM alarm_suppression WHERE sensor_id IN (TABLE gone);
DELETE FROM alarm_evaluation WHERE sensor_id IN (TABLE gone) OR rule_id IN (TABLE gone_rule);
DELETE FROM alarm WHERE id IN (TABLE gone_alarm);
DELETE FROM alarm_rule WHERE id IN (TABLE gone_rule);
DELETE FROM measurement_batch WHERE sensor_id IN (TABLE gone);
DELETE FROM position WHERE sensor_id IN (TABLE gone);
DELETE FROM sensor_log WHERE sensor_id IN (TABLE gone);
DELETE FROM command WHERE sensor_id IN (TABLE gone);
DELETE FROM sensor_session WHERE sensor_id IN (TABLE gone);
DELETE FROM sensor_target WHERE sensor_id IN (TABLE gone);
DELETE FROM channel WHERE sensor_id IN (TABLE gone);
DELETE FROM sensor WHERE id IN (TABLE gone);
DELETE FROM target WHERE name LIKE 'past hall %' OR name LIKE 'shown press%';
