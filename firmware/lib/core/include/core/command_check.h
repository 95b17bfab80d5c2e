#pragma once

#include "core/bytes.h"
#include "sensor.pb.h"

namespace sensor {

/// Why a command cannot be done by a sensor of that maximum frequency: wire/commands.py's judgement, word for word where
/// nothing but the command decides; "" where it can. The text is written to `reason`.
bool acceptable(const sensor_v1_Command& command, double maximum_frequency_hz, char* reason, size_t capacity);

}  // namespace sensor
