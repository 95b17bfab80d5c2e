#pragma once

#include <cstdint>

namespace sensor {

/// Exponential backoff with full jitter: the n-th wait is random between half and all of min(0.1 s · 2ⁿ, 10 s).
class Backoff {
 public:
  explicit Backoff(uint64_t first_us = 100'000, uint64_t longest_us = 10'000'000);
  /// The next wait, from 32 random bits.
  uint64_t next_us(uint32_t random);
  void reset();

 private:
  uint64_t first_us_;
  uint64_t longest_us_;
  uint32_t tries_ = 0;
};

}  // namespace sensor
