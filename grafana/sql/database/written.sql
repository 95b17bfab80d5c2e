-- by the database's clock; the sensors' clocks decide how old a sample is
SELECT extract(epoch FROM now() - max(x.written_at))::double precision AS written_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM x.written_at - x.last_time)::double precision)
           FILTER (WHERE x.written_at > now() - INTERVAL '1 minute') AS latency_s
FROM sensor_session x
