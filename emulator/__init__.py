"""A fleet of sensors in one process, behaving as the firmware does (docs/sensor.md)."""
