#pragma once

#include <cstdint>

#include "hal/store.h"

namespace sensor {

/// What a sensor was told to do, and does again after a reboot.
struct SavedState {
  double sample_frequency_hz = 0;  ///< 0: none was commanded
  bool asleep = false;
  int64_t wake_time_ns = 0;  ///< Unix time at which it wakes by itself; 0: it waits for a command

  /// What the store holds; as new where it holds nothing, or something else.
  static SavedState load(const hal::Store& store);
  bool save(hal::Store& store) const;
};

}  // namespace sensor
