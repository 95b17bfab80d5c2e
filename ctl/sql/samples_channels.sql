-- What a sensor measures, as its birth says; none where it is known by its measurements alone.
SELECT channel AS number, name, quantity, unit FROM channel WHERE sensor_id = %(sensor_id)s ORDER BY channel
