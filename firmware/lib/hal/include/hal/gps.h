#pragma once

#include <cstddef>
#include <cstdint>

namespace hal {

/// A receiver's serial line: NMEA 0183 sentences.
class Gps {
 public:
  /// Bytes that have come since; at most `capacity`.
  virtual size_t read(char* text, size_t capacity) = 0;

 protected:
  ~Gps() = default;
};

}  // namespace hal
