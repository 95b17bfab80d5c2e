SELECT time, low, high
FROM channel_waveform(${serial:sqlstring}, $__timeFrom(), $__timeTo(), nullif(${channel:sqlstring}, '')::int, 1000)
