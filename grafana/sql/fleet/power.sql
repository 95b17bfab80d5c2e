SELECT s.serial_number, s.battery_percent, s.rssi_dbm, s.status_at
FROM sensor s
LEFT JOIN sensor_target m ON m.sensor_id = s.id AND m.removed_at IS NULL
LEFT JOIN target t ON t.id = m.target_id
WHERE (s.battery_percent IS NOT NULL OR s.rssi_dbm IS NOT NULL)
  AND ('' IN (${target:sqlstring}) OR coalesce(t.name, '–') IN (${target:sqlstring}))
  AND ('' IN (${sensor_type:sqlstring}) OR coalesce(s.sensor_type, '–') IN (${sensor_type:sqlstring}))
ORDER BY least(coalesce(s.battery_percent, 100) / 20, (100 + coalesce(s.rssi_dbm, 0)) / 25.0), s.serial_number
LIMIT 50
