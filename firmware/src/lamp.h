#pragma once

#include "hal/system.h"

namespace board {

/// A LED that says how the sensor is; docs/firmware.md has the table. Harmless where there is none.
bool begin_lamp();
/// From any task. Identify blinks for ten seconds, and then shows what was shown before or since.
void show_lamp(hal::Lamp lamp);

}  // namespace board
