#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hal/source.h"

namespace sensor {

/// From a device's own rate down to the commanded one: each output frame is the mean of the input frames of its interval,
/// which is also the anti-alias filter (a boxcar: first null at the output frequency). The ratio need not be whole.
class Decimator {
 public:
  /// `output_hz` ≤ `input_hz`; equal passes frames through.
  void begin(size_t channel_count, double input_hz, double output_hz);
  /// Take one input frame; true where an output frame was completed into `out` (int16, rounded half away from zero).
  bool add(const int16_t* frame, int16_t* out);
};

}  // namespace sensor
