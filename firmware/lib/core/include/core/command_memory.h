#pragma once

#include <array>

#include "core/bytes.h"
#include "core/limits.h"
#include "hal/store.h"

namespace sensor {

/// The ids of the last 256 commands, in the store too: one small write a command, spread over as many keys.
class CommandMemory {
 public:
  explicit CommandMemory(hal::Store& store);
  /// Read them after a boot.
  void load();
  bool knows(const uint8_t (&id)[16]) const;
  /// Note an id before the command is applied. False where the store failed (it is known until the next boot all the same).
  bool remember(const uint8_t (&id)[16]);
};

}  // namespace sensor
