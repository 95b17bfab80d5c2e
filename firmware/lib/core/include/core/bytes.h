#pragma once

#include <cstddef>
#include <cstdint>

namespace sensor {

/// Bytes that somebody else owns.
struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

/// Room that somebody else owns.
struct Memory {
  uint8_t* data = nullptr;
  size_t size = 0;
};

/// Names a batch.
struct BatchKey {
  uint32_t session = 0;
  uint64_t sequence = 0;

  bool operator==(const BatchKey& other) const { return session == other.session && sequence == other.sequence; }
  bool operator!=(const BatchKey& other) const { return !(*this == other); }
};

}  // namespace sensor
