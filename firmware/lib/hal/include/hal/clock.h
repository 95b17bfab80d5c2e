#pragma once

#include <cstdint>

namespace hal {

/// The two clocks of a board.
class Clock {
 public:
  /// Microseconds since boot; never steps, never goes back.
  virtual uint64_t monotonic_us() const = 0;
  /// Unix time in nanoseconds, or 0 while it was never set. It may step: SNTP sets it.
  virtual int64_t unix_ns() const = 0;

 protected:
  ~Clock() = default;
};

}  // namespace hal
