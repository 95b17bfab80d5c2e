#pragma once

#include <cstdint>

namespace sensor {

/// Time of sample k of a run: start + round(k · 10⁹ / frequency), in nanoseconds, rounded half to even as the emulator does.
int64_t sample_time_ns(int64_t start_ns, uint64_t index, double sample_frequency_hz);

/// Samples that are complete after so many nanoseconds of a run: those of index 0 … n - 1.
uint64_t samples_until(int64_t elapsed_ns, double sample_frequency_hz);

/// When samples were taken, for a device that paces itself: its oscillator is off by up to some percent, which would
/// move every line of a spectrum. From the monotonic times at which frames were read it estimates the true frequency,
/// and keeps a batch's start where the batch before ended. The estimate changes only when it is off by more than 50 ppm,
/// so that consecutive batches have one frequency.
class Timebase {
 public:
  /// A run begins; its first frame was taken at `start_us`.
  void begin(uint64_t start_us, double nominal_frequency_hz);
  /// Frame number `index` of the run was taken at `us`, give or take the latency of reading it.
  void observe(uint64_t index, uint64_t us);
  /// Monotonic time of a frame in nanoseconds.
  int64_t time_ns(uint64_t index) const;
  double sample_frequency_hz() const;
};

}  // namespace sensor
