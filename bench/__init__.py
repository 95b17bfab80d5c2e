"""What the whole chain costs on this machine: `make bench`."""
