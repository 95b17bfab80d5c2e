#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sim {

/// Numbers that look random, and are the same everywhere for the same seed.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}

  uint32_t next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<uint32_t>((state_ * 0x2545F4914F6CDD1DULL) >> 32U);
  }
  /// 0 … bound - 1
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((uint64_t{next()} * bound) >> 32U); }
  /// from … to
  uint32_t between(uint32_t from, uint32_t to) { return from + below(to - from + 1); }
  bool once_in(uint32_t times) { return below(times) == 0; }

  std::vector<uint8_t> bytes(size_t size) {
    std::vector<uint8_t> made(size);
    for (uint8_t& byte : made) {
      byte = static_cast<uint8_t>(next());
    }
    return made;
  }

 private:
  uint64_t state_;
};

}  // namespace sim
