-- Known before they connect, so that they can sit on machines from the first moment.
INSERT INTO sensor (serial_number) SELECT unnest(%(serials)s::text[]) ON CONFLICT DO NOTHING
