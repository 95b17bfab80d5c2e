-- What tables, columns and views mean, in the database itself: psql's \d+, other tools, and docs/schema.md show it.

COMMENT ON TABLE sensor IS 'Sensors, by serial number, with what they said last.';
COMMENT ON COLUMN sensor.provisional IS 'it measured before its birth was known';
COMMENT ON COLUMN sensor.session IS 'of the newest birth or status';
COMMENT ON COLUMN sensor.born_at IS 'when the newest birth was received';
COMMENT ON COLUMN sensor.status_at IS 'when the newest birth or status was received';
COMMENT ON COLUMN sensor.birth_time_ns IS 'of the newest birth, by the sensor''s clock where it has one';
COMMENT ON COLUMN sensor.status_time_ns IS 'of the newest status, likewise';
COMMENT ON COLUMN sensor.last_sequence IS 'as the sensor says';
COMMENT ON COLUMN sensor.buffered_batches IS 'made, and held by nobody else';
COMMENT ON COLUMN sensor.oldest_buffered_sequence IS 'the first that Resend can bring back';
COMMENT ON COLUMN sensor.longest_batch IS 'how far back samples() has to look';
COMMENT ON COLUMN sensor.sample_frequency_hz IS 'as it is now';
COMMENT ON COLUMN sensor.maximum_sample_frequency_hz IS 'as its birth declares';

COMMENT ON TABLE channel IS
    'What a sensor measures: a quantity with its unit, as its newest birth says.';
COMMENT ON COLUMN channel.channel IS 'its number, from 0';
COMMENT ON COLUMN channel.minimum IS 'of what it can measure';
COMMENT ON COLUMN channel.maximum IS 'of what it can measure';

COMMENT ON TABLE sensor_session IS
    'One run of a sensor''s firmware. Sequences are dense from 0 in it, so what is missing is a number.';
COMMENT ON COLUMN sensor_session.last_sequence IS 'the greatest that came';
COMMENT ON COLUMN sensor_session.batch_count IS 'batches really inserted: a repeated one does not count';
COMMENT ON COLUMN sensor_session.sample_count IS 'of a channel';
COMMENT ON COLUMN sensor_session.missing IS 'last_sequence + 1 - batch_count';
COMMENT ON COLUMN sensor_session.written_at IS 'when the newest of its batches was written: latency is written_at - last_time';

COMMENT ON TABLE measurement_batch IS
    'One batch of one channel. Sample i was taken at time_ns + round(i * 1e9 / sample_frequency_hz).';
COMMENT ON COLUMN measurement_batch.time IS 'time_ns, to the microsecond';
COMMENT ON COLUMN measurement_batch.time_ns IS 'when the first sample was taken: Unix time in ns';
COMMENT ON COLUMN measurement_batch.mean IS 'of the samples, as the next three';
COMMENT ON COLUMN measurement_batch.samples IS 'in the channel''s unit';

COMMENT ON TABLE position IS 'Where sensors were.';
COMMENT ON COLUMN position.latitude IS 'degrees, WGS 84';
COMMENT ON COLUMN position.longitude IS 'degrees, WGS 84';
COMMENT ON COLUMN position.accuracy_m IS '0: unknown';

COMMENT ON TABLE sensor_log IS 'What sensors say for people.';
COMMENT ON COLUMN sensor_log.time IS 'by the sensor''s clock';
COMMENT ON COLUMN sensor_log.digest IS 'of level, logger and message: two lines may share a nanosecond';
COMMENT ON COLUMN sensor_log.written_at IS 'when it came: what follows the log asks by this';

COMMENT ON TABLE target IS
    'The machine or structure that sensors sit on, with what ISO 20816 and bearing analysis need.';
COMMENT ON COLUMN target.machine_group IS 'of ISO 20816-3';
COMMENT ON COLUMN target.bearing IS 'geometry, or the four frequencies as multiples of the shaft''s';
COMMENT ON COLUMN target.latitude IS 'degrees, WGS 84';
COMMENT ON COLUMN target.longitude IS 'degrees, WGS 84';

COMMENT ON TABLE sensor_target IS 'Which sensor sat on which target, from when to when.';
COMMENT ON COLUMN sensor_target.removed_at IS 'NULL: sits there now';

COMMENT ON TABLE command IS
    'Who told which sensor what, and what came of it, as audit, bridge and sensor say; command_overview judges.';
COMMENT ON COLUMN command.id IS 'with sensor_id the key: no sensor can answer for another';
COMMENT ON COLUMN command.client IS 'from where it was given, e.g. anna@laptop, as the client says';
COMMENT ON COLUMN command.queued_at IS 'RabbitMQ got it; with it come name to expires_at';
COMMENT ON COLUMN command.sent_at IS 'the MQTT broker took it for the sensor, the last time';
COMMENT ON COLUMN command.failed_at IS 'a bridge could not pass it on, the last time';
COMMENT ON COLUMN command.failure IS 'why a bridge could not pass it on';
COMMENT ON COLUMN command.outcome IS 'what the sensor answered';
COMMENT ON COLUMN command.reason IS 'why the sensor rejected it';
COMMENT ON COLUMN command.acked_at IS 'when the sensor''s answer was received';
COMMENT ON COLUMN command.state IS 'of the sensor afterwards';
COMMENT ON COLUMN command.sample_frequency_hz IS 'of the sensor afterwards';

COMMENT ON TABLE stream_offset IS
    'Where each consumer goes on: moved in the transaction that writes what was read.';
COMMENT ON COLUMN stream_offset.next_offset IS 'the next to read';

COMMENT ON TABLE dead_letter_handled IS
    'Dead letters that were replayed or dropped: a stream cannot forget one.';
COMMENT ON COLUMN dead_letter_handled.time_ns IS 'when it was given up: a stream that was made again counts its offsets anew';
COMMENT ON COLUMN dead_letter_handled.handled_by IS 'who was at the keyboard, as the client says';

COMMENT ON TABLE alarm_rule IS 'Rules that measurements are judged by.';
COMMENT ON COLUMN alarm_rule.definition IS 'what alarms/rules.py accepts: kind, whom it is for, levels, delays, actions';
COMMENT ON COLUMN alarm_rule.version IS 'one more with every change: evaluation begins anew';
COMMENT ON COLUMN alarm_rule.removed_at IS 'its alarms are kept, so it is, too';

COMMENT ON TABLE alarm IS
    'One occurrence: from the moment a rule finds something until that is over and somebody has acknowledged it.';
COMMENT ON COLUMN alarm.channel IS '-1: of the sensor as a whole';
COMMENT ON COLUMN alarm.level IS 'the most severe one now, or at last';
COMMENT ON COLUMN alarm.severity IS '1 to 1000, as OPC UA counts';
COMMENT ON COLUMN alarm.value IS 'at the last activation or change of level';
COMMENT ON COLUMN alarm.shelved_until IS 'infinity: until it clears';
COMMENT ON COLUMN alarm.occurrences IS 'how often it became active before it was closed';
COMMENT ON COLUMN alarm.activated_at IS 'the last time';
COMMENT ON COLUMN alarm.closed_at IS 'cleared and acknowledged';

COMMENT ON TABLE alarm_transition IS 'Everything that ever happened to an alarm, with what it was judged by.';
COMMENT ON COLUMN alarm_transition.at IS 'by the sensor''s clock where it follows from a measurement';
COMMENT ON COLUMN alarm_transition.by IS 'whose hand it was; empty: the rule''s';
COMMENT ON COLUMN alarm_transition.evidence IS 'values, limits, a spectrum, and where the samples are';

COMMENT ON TABLE alarm_evaluation IS 'Where the evaluation of a rule for a source is.';
COMMENT ON COLUMN alarm_evaluation.channel IS '-1: of the sensor as a whole';
COMMENT ON COLUMN alarm_evaluation.version IS 'the rule''s; another''s is not gone on with';
COMMENT ON COLUMN alarm_evaluation.state IS 'delays that run, and what was learnt';
COMMENT ON COLUMN alarm_evaluation.reason IS 'why there is no verdict; empty where there is one';

COMMENT ON TABLE alarm_partition IS 'How far each partition is judged.';
COMMENT ON COLUMN alarm_partition.owner IS 'the process that reads it: another''s writes are refused';
COMMENT ON COLUMN alarm_partition.next_offset IS 'everything before it is judged';
COMMENT ON COLUMN alarm_partition.rewind_offset IS 'from here on is read again to fill the windows that are not whole yet';

COMMENT ON TABLE alarm_request IS
    'What operators ask of an alarm; the service that judges its sensor does it, and says so here.';
COMMENT ON COLUMN alarm_request.until IS 'of shelve; infinity: until it clears';
COMMENT ON COLUMN alarm_request.by IS 'who was at the keyboard, as the client says';
COMMENT ON COLUMN alarm_request.refusal IS 'why it was not done';

COMMENT ON TABLE alarm_suppression IS
    'Put out of service by somebody: alarms are recorded, and nobody is told.';
COMMENT ON COLUMN alarm_suppression.rule_id IS 'NULL: every rule';
COMMENT ON COLUMN alarm_suppression.sensor_id IS 'NULL: every sensor';

COMMENT ON TABLE alarm_outbox IS 'What is to be published, commanded, posted and mailed: at least once.';
COMMENT ON COLUMN alarm_outbox.key IS 'what is made again after a crash is kept once';
COMMENT ON COLUMN alarm_outbox.error IS 'of the last attempt';

COMMENT ON TABLE alarm_trigger IS
    'What machines'' controllers are told. The acknowledgement may be written before the rest.';
COMMENT ON COLUMN alarm_trigger.target IS 'the machine';
COMMENT ON COLUMN alarm_trigger.message IS 'alarm.v1.Trigger';
COMMENT ON COLUMN alarm_trigger.expires_at IS 'afterwards no machine is told any more';
COMMENT ON COLUMN alarm_trigger.escalate_at IS 'unless it is acknowledged';
COMMENT ON COLUMN alarm_trigger.machine IS 'who acknowledged';
COMMENT ON COLUMN alarm_trigger.noted_at IS 'the acknowledgement is in the alarm''s history';

COMMENT ON TABLE web_user IS 'Who may log in to the live page.';
COMMENT ON COLUMN web_user.password_hash IS 'argon2id, with its parameters and salt';
COMMENT ON COLUMN web_user.changed_at IS 'of the password or the role: sessions that began before are over';

COMMENT ON TABLE web_session IS
    'Who is logged in. The browser has a random token, the database only its digest.';
COMMENT ON COLUMN web_session.token_digest IS 'SHA-256';

COMMENT ON TABLE statement IS 'Statements that were seen in snapshots, by role.';
COMMENT ON COLUMN statement.text IS 'constants are $1, $2 … in it; of commands the first words only';

COMMENT ON TABLE statement_snapshot IS
    'Counters of the statements that ran since the snapshot before. What did not run has no row.';
COMMENT ON COLUMN statement_snapshot.stats_since IS 'when the counters began; NULL: pg_stat_statements before PostgreSQL 17';
COMMENT ON COLUMN statement_snapshot.io_ms IS 'waiting for reads and writes, where track_io_timing is on';
COMMENT ON COLUMN statement_snapshot.shared_hit IS 'blocks, as in the next five';
COMMENT ON COLUMN statement_snapshot.kcache_since IS 'this and what follows is NULL without pg_stat_kcache';
COMMENT ON COLUMN statement_snapshot.user_s IS 'of CPU';
COMMENT ON COLUMN statement_snapshot.system_s IS 'of CPU';
COMMENT ON COLUMN statement_snapshot.disk_read_bytes IS 'from the device, not the kernel''s cache';
COMMENT ON COLUMN statement_snapshot.disk_written_bytes IS 'to the device';

COMMENT ON TABLE database_snapshot IS
    'One row a snapshot of the database as a whole. Counters begin anew at a crash.';
COMMENT ON COLUMN database_snapshot.has_counters IS 'statement_snapshot tells what ran until then';
COMMENT ON COLUMN database_snapshot.statements IS 'that ran since the snapshot before; NULL: they could not be read';
COMMENT ON COLUMN database_snapshot.left_out IS 'of these, beyond the bound: they come with a later snapshot';
COMMENT ON COLUMN database_snapshot.database_bytes IS 'measured every five minutes, NULL in between';
COMMENT ON COLUMN database_snapshot.longest_transaction_s IS 'NULL: none is open';
COMMENT ON COLUMN database_snapshot.transaction_age IS 'of the oldest row that is not frozen';
COMMENT ON COLUMN database_snapshot.wal_bytes IS 'the position in the log, which is never set back';
COMMENT ON COLUMN database_snapshot.rows_inserted IS 'by whatever statement, as in the next two';

COMMENT ON TABLE connection_snapshot IS 'Clients of the whole server, by role and state.';
COMMENT ON COLUMN connection_snapshot.state IS 'active, idle, idle in transaction …';

COMMENT ON TABLE table_snapshot IS 'Sizes of tables. A hypertable is one row, with all of its chunks.';
COMMENT ON COLUMN table_snapshot.chunks IS 'NULL: no hypertable';
COMMENT ON COLUMN table_snapshot.total_bytes IS 'with indexes and TOAST';
COMMENT ON COLUMN table_snapshot.bytes_before IS 'of the compressed chunks, before compression';
COMMENT ON COLUMN table_snapshot.bytes_after IS 'of the compressed chunks, now';
COMMENT ON COLUMN table_snapshot.live_rows IS 'an estimate';
COMMENT ON COLUMN table_snapshot.dead_rows IS 'an estimate';
COMMENT ON COLUMN table_snapshot.vacuums IS 'since the statistics began';

COMMENT ON TABLE schema_migration IS 'Which migrations were applied.';
COMMENT ON COLUMN schema_migration.checksum IS 'of the file: one that has landed is never changed';

COMMENT ON VIEW measurement IS 'Single samples of all sensors and channels; samples() is quicker for one.';
COMMENT ON VIEW sensor_overview IS 'A row a sensor: state, sessions, what is missing, latency, position, target.';
COMMENT ON VIEW command_overview IS 'A row a command: who gave it, and what has become of it.';
COMMENT ON VIEW alarm_overview IS 'A row an alarm, with its rule, sensor, channel and target in words.';
COMMENT ON VIEW statement_overview IS 'What is kept of statements, with rates and text.';
