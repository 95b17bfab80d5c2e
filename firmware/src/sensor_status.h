#pragma once

#include "core/sensor.h"

namespace board {

/// A copy of how the sensor is, so that the console's task need not touch the sensor.
bool begin_sensor_status();
/// Of the sensor's task, after each tick.
void note_sensor_status(const sensor::Sensor& sensor);

}  // namespace board
