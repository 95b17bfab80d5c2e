#pragma once

#include "sensor_events.h"

namespace board {

/// At boot: a new image that is not confirmed within ten minutes with an address (or within a day, whatever
/// happens) asks the sensor to restart, and the bootloader goes back to the old one.
void watch_unconfirmed_image(SensorEvents& events);
/// It reached the broker: keep it. Cheap to say again.
void confirm_running_image();
/// Until then every boot, also one from deep sleep, goes back to the old one.
bool image_confirmed();

/// Look for another version at `url` soon after boot, and once a day: each board at a time of its own. `ca`
/// may be null (the public authorities). Installs it, and asks the sensor to restart.
bool begin_updates(const char* url, const char* ca, SensorEvents& events);

}  // namespace board
