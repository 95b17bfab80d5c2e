#pragma once

#include "core/bytes.h"
#include "sensor.pb.h"

namespace sensor {

/// Whether a sensor of that maximum frequency (0: unknown) can do a command that `decode_command` gave. Where
/// it cannot, `reason` says why, word for word as wire/commands.py does; else it is empty. 128 bytes hold
/// every reason.
bool acceptable(const sensor_v1_Command& command, double maximum_frequency_hz, char* reason, size_t capacity);

}  // namespace sensor
