SELECT serial_number, maximum_sample_frequency_hz, session FROM sensor WHERE serial_number = ANY (%(serial_numbers)s)
