-- A status that is older than what is known changes nothing. A last will knows the state alone, and no time.
-- Older: by the sensor's clock within one session, otherwise by the time of receipt.
-- No INSERT … ON CONFLICT, here and for a birth: each would use up an id, thousands of times a minute.
UPDATE sensor AS s SET
    state = %(state)s,
    session = coalesce(%(session)s, s.session),
    sample_frequency_hz = coalesce(%(sample_frequency_hz)s, s.sample_frequency_hz),
    uptime_ms = coalesce(%(uptime_ms)s, s.uptime_ms),
    last_sequence = coalesce(%(last_sequence)s, s.last_sequence),
    buffered_batches = coalesce(%(buffered_batches)s, s.buffered_batches),
    oldest_buffered_sequence = coalesce(%(oldest_buffered_sequence)s, s.oldest_buffered_sequence),
    free_memory_bytes = coalesce(%(free_memory_bytes)s, s.free_memory_bytes),
    rssi_dbm = coalesce(%(rssi_dbm)s, s.rssi_dbm),
    battery_percent = coalesce(%(battery_percent)s, s.battery_percent),
    status_at = nanoseconds_to_time(%(received_ns)s),
    status_time_ns = %(time_ns)s
WHERE s.serial_number = %(serial_number)s
  AND (s.status_at IS NULL
       OR CASE WHEN s.session = %(session)s AND s.status_time_ns > 0 AND %(time_ns)s > 0
               THEN %(time_ns)s >= s.status_time_ns
               ELSE nanoseconds_to_time(%(received_ns)s) >= s.status_at END)
