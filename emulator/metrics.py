"""What the emulator counts, over its whole fleet."""

from prometheus_client import Counter, Gauge

CONNECTED = Gauge("emulator_connected_sensors", "Sensors that are connected now.")
SENSORS = Gauge("emulator_sensors", "Sensors in the fleet.")
MADE = Counter("emulator_batches_made_total", "Batches made.")
SAMPLES = Counter("emulator_samples_made_total", "Single samples in them, over all channels.")
ACKNOWLEDGED = Counter("emulator_batches_acknowledged_total", "Batches that the broker holds.")
NOT_HELD = Counter("emulator_not_held_total", "Publishes that the broker answered with anything but success.")
DROPPED = Gauge("emulator_batches_dropped", "Batches forgotten by a full ring before they were acknowledged.")
BUFFERED = Gauge("emulator_batches_buffered", "Batches that nobody else holds yet.")
BEHIND = Gauge("emulator_behind_seconds", "How late the latest batch was made.")
COMMANDS = Counter("emulator_commands_total", "Commands received.")
BAD_COMMANDS = Counter("emulator_bad_commands_total", "Commands that could not be read.")
