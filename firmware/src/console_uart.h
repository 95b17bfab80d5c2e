#pragma once

#include "core/console.h"
#include "sensor_events.h"

namespace board {

/// Writes how the sensor is, in whole lines, by `write`. Null: it is not provisioned.
using StatusWriter = void (*)(sensor::Console::Actions& actions);

/// The console on the serial line that the log goes to: UART 0, or the USB port where the image was
/// configured for that. A task of its own; it works from the first second, provisioned or not.
bool begin_console(sensor::Settings& settings);
/// From now on there is a sensor: `status` shows it, and `reboot` lets it say goodbye.
void set_console_sensor(StatusWriter status, SensorEvents& events);

}  // namespace board
