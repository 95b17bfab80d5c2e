-- A status that is older than what is known changes nothing. A last will knows the state alone, and no time.
-- Older: by the sensor's clock within one session, otherwise by the time of receipt.
INSERT INTO sensor AS s (
    serial_number, state, session, sample_frequency_hz, uptime_ms, last_sequence, buffered_batches,
    oldest_buffered_sequence, free_memory_bytes, rssi_dbm, battery_percent, status_at, status_time_ns
) VALUES (
    %(serial_number)s, %(state)s, %(session)s, %(sample_frequency_hz)s, %(uptime_ms)s, %(last_sequence)s,
    %(buffered_batches)s, %(oldest_buffered_sequence)s, %(free_memory_bytes)s, %(rssi_dbm)s,
    %(battery_percent)s, nanoseconds_to_time(%(received_ns)s), %(time_ns)s::bigint
)
ON CONFLICT (serial_number) DO UPDATE SET
    state = excluded.state,
    session = coalesce(excluded.session, s.session),
    sample_frequency_hz = coalesce(excluded.sample_frequency_hz, s.sample_frequency_hz),
    uptime_ms = coalesce(excluded.uptime_ms, s.uptime_ms),
    last_sequence = coalesce(excluded.last_sequence, s.last_sequence),
    buffered_batches = coalesce(excluded.buffered_batches, s.buffered_batches),
    oldest_buffered_sequence = coalesce(excluded.oldest_buffered_sequence, s.oldest_buffered_sequence),
    free_memory_bytes = coalesce(excluded.free_memory_bytes, s.free_memory_bytes),
    rssi_dbm = coalesce(excluded.rssi_dbm, s.rssi_dbm),
    battery_percent = coalesce(excluded.battery_percent, s.battery_percent),
    status_at = excluded.status_at,
    status_time_ns = excluded.status_time_ns
WHERE s.status_at IS NULL
   OR CASE WHEN s.session = excluded.session AND s.status_time_ns > 0 AND excluded.status_time_ns > 0
           THEN excluded.status_time_ns >= s.status_time_ns
           ELSE excluded.status_at >= s.status_at END
