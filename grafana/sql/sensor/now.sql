SELECT coalesce(o.state, 'UNKNOWN') AS state,
       coalesce(o.target, '–') AS target,
       o.sample_frequency_hz,
       extract(epoch FROM now() - o.last_measured_at)::double precision AS age_s,
       o.missing,
       o.buffered_batches,
       o.battery_percent,
       o.rssi_dbm
FROM sensor_overview o
WHERE o.serial_number = ${serial:sqlstring}
