SELECT time, rms, mean, minimum, maximum
FROM channel_features(${serial:sqlstring}, $__timeFrom(), $__timeTo(), nullif(${channel:sqlstring}, '')::int, 500)
