SELECT frequency_hz, amplitude
FROM amplitude_spectrum(${serial:sqlstring}, $__timeTo(), nullif(${channel:sqlstring}, '')::int, ${length:sqlstring}::int)
WHERE frequency_hz > 0
