-- of the newest transition that kept one, of this channel
SELECT f.value::double precision AS frequency_hz, m.value::double precision AS amplitude
FROM (
    SELECT t.evidence -> 'spectrum' AS spectrum
    FROM alarm a
    JOIN sensor s ON s.id = a.sensor_id
    JOIN alarm_transition t ON t.alarm_id = a.id
    WHERE s.serial_number = ${serial:sqlstring}
      AND a.channel = nullif(${channel:sqlstring}, '')::int
      AND t.at <= $__timeTo()
      AND t.evidence ? 'spectrum'
    ORDER BY t.at DESC
    LIMIT 1
) newest
CROSS JOIN jsonb_array_elements_text(spectrum -> 'frequencies_hz') WITH ORDINALITY f (value, i)
JOIN jsonb_array_elements_text(spectrum -> 'amplitudes') WITH ORDINALITY m (value, i) ON m.i = f.i
ORDER BY frequency_hz
