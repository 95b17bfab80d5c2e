#pragma once

#include <cstdint>

namespace sensor {

/// Exponential backoff with jitter: the n-th wait is random between half and all of min(first · 2ⁿ, longest),
/// so that a fleet that lost its broker at once does not come back at once.
class Backoff {
 public:
  explicit Backoff(uint64_t first_us = 100'000, uint64_t longest_us = 10'000'000);
  /// The next wait, from 32 random bits.
  uint64_t next_us(uint32_t random);
  /// A connection was made: the next wait is the first one again.
  void reset();

 private:
  uint64_t first_us_;
  uint64_t longest_us_;
  uint64_t bound_us_;  ///< of the next wait
};

}  // namespace sensor
