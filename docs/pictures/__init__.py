"""The documentation's pictures, and how each is made: `make pictures`."""
