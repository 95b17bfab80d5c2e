#pragma once

#include "board_system.h"
#include "core/console.h"
#include "core/sensor.h"
#include "esp_mqtt.h"
#include "sensor_events.h"

namespace board {

/// What the sensor's task works with; everything lives as long as the program.
struct SensorParts {
  sensor::Sensor& sensor;
  EspMqtt& mqtt;
  BoardSystem& system;
  hal::Clock& clock;
  SensorEvents& events;
  bool deep_sleep;  ///< while ASLEEP for a duration the board is off
};

/// Starts the task that owns the sensor. Once.
bool begin_sensor(const SensorParts& parts);

/// How the sensor is, as of its last tick; of any task.
void write_sensor_status(sensor::Console::Actions& actions);

}  // namespace board
