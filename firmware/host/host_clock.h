#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hal/clock.h"

namespace host {

/// Unix time is set to another one while sensors run, as a time server does it.
struct ClockStep {
  double at_s;  ///< seconds after the start, of the sensors' own time
  double by_s;  ///< forwards, or backwards where negative
};

/// The clocks of all boards of this process. Time may go faster than it does, begin elsewhere, be unknown for a while, and
/// step: that is how outages of minutes and wrong clocks are tried in seconds.
class HostClock final : public hal::Clock {
 public:
  struct Options {
    double speed = 1.0;
    std::optional<int64_t> start_ns;  ///< Unix time at the start; now where there is none
    double unsynchronised_s = 0;
    std::vector<ClockStep> steps;
  };

  explicit HostClock(const Options& options);

  uint64_t monotonic_us() const override;
  int64_t unix_ns() const override;
  /// How long that takes in real milliseconds, rounded up.
  int64_t real_ms(uint64_t us) const;

 private:
  int64_t elapsed_ns() const;

  Options options_;
  int64_t began_ns_;  // of the real monotonic clock
  int64_t start_ns_;
};

}  // namespace host
