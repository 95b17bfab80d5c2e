#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hal/source.h"

namespace sensor {

/// From a device's own rate down to the commanded one: each output frame is the mean of the input frames of
/// its interval, which is also the anti-alias filter (a boxcar: first null at the output frequency). The
/// ratio need not be whole: intervals then have one frame more or less, and output frames never drift against
/// input frames.
class Decimator {
 public:
  /// `output_hz` ≤ `input_hz`; equal (or more, or nonsense) passes frames through.
  void begin(size_t channel_count, double input_hz, double output_hz);
  /// Take one input frame; true where an output frame was completed into `out` (int16, rounded half away from
  /// zero).
  bool add(const int16_t* frame, int16_t* out);

 private:
  size_t channel_count_ = 0;
  double ratio_ = 1;       ///< input frames an output frame
  uint64_t inputs_ = 0;    ///< taken since `begin`
  uint64_t outputs_ = 0;   ///< given since `begin`
  uint64_t boundary_ = 1;  ///< inputs at which the open interval ends
  uint32_t open_ = 0;      ///< input frames in the sums
  std::array<int64_t, hal::kMaximumChannels> sums_{};
};

}  // namespace sensor
