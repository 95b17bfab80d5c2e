#include "core/backoff.h"

#include <algorithm>

namespace sensor {

Backoff::Backoff(uint64_t first_us, uint64_t longest_us)
    : first_us_(std::min(first_us, longest_us)), longest_us_(longest_us), bound_us_(first_us_) {}

uint64_t Backoff::next_us(uint32_t random) {
  const uint64_t bound_us = bound_us_;
  bound_us_ = bound_us_ > longest_us_ / 2 ? longest_us_ : 2 * bound_us_;
  const uint64_t half_us = bound_us / 2;
  const uint64_t span = bound_us - half_us + 1;
  // random / 2³² of the span, in parts: it may have more than 32 bits
  const uint64_t share = (span >> 32U) * random + ((span & 0xFFFF'FFFFU) * random >> 32U);
  return half_us + share;
}

void Backoff::reset() { bound_us_ = first_us_; }

}  // namespace sensor
