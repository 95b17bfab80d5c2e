-- of what is left when the mean is taken away; the RMS of a sine is its amplitude / √2, so a sine has 1.4
SELECT time,
       greatest(maximum - mean, mean - minimum) / nullif(sqrt(greatest(rms ^ 2 - mean ^ 2, 0)), 0) AS crest_factor
FROM channel_features(${serial:sqlstring}, $__timeFrom(), $__timeTo(), nullif(${channel:sqlstring}, '')::int, 500)
