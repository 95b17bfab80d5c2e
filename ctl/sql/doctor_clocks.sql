-- Sensors whose newest status says a time that is off the time at which it was received.
SELECT serial_number, nanoseconds_to_time(status_time_ns) - status_at AS ahead
FROM sensor
WHERE state <> 'OFFLINE' AND status_time_ns > 0
  AND abs(extract(epoch FROM nanoseconds_to_time(status_time_ns) - status_at)) > %(seconds)s
ORDER BY abs(extract(epoch FROM nanoseconds_to_time(status_time_ns) - status_at)) DESC
