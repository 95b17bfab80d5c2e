#pragma once

#include <optional>

#include "core/messages.h"

namespace sensor {

/// NMEA 0183: positions and times from a receiver's GGA and RMC sentences of any talker (GP, GN, GL, GA …).
class Nmea {
 public:
  /// Take bytes as they come: lines may be cut anywhere. Sentences with a bad checksum, too long, or with fields that are
  /// no numbers are counted and ignored.
  void feed(const char* text, size_t size, uint64_t now_us);
  /// The newest position, while it is not older than `maximum_age_us` and the receiver has a fix.
  std::optional<Position> position(uint64_t now_us, uint64_t maximum_age_us = 10'000'000) const;
  /// Unix time of the newest RMC with a valid date, at `us`; 0: none yet.
  int64_t unix_ns(uint64_t* us) const;

  uint32_t sentences() const;  ///< that were understood
  uint32_t rejected() const;   ///< that were not: checksum, length, fields
};

}  // namespace sensor
