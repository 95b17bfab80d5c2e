"""What a vibration says of a machine: features, spectra, zones, bearings. Pure: arrays in, numbers with units out."""
