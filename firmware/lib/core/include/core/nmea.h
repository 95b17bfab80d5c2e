#pragma once

#include <array>
#include <optional>

#include "core/messages.h"

namespace sensor {

/// NMEA 0183: positions and times from a receiver's GGA and RMC sentences of any talker (GP, GN, GL, GA …).
///
/// GGA says where and how well: its altitude is that above mean sea level plus the geoid's separation (where
/// a receiver does not say the separation, the altitude is as it gives it). RMC says when; where no GGA
/// comes, its position counts, without altitude and accuracy.
///
/// Accuracy is HDOP × an error of the range to a satellite of one standard deviation: 5 m alone, 2 m with
/// corrections, 0.5 m by RTK with floating ambiguities, 20 mm by RTK with fixed ones. A fix is one that was
/// measured: qualities 1 to 5, and 9, which some receivers say for SBAS; not dead reckoning, a typed position
/// or a simulation.
class Nmea {
 public:
  /// Characters of a sentence, from $ to the checksum. The standard has 80; newer receivers are more verbose.
  static constexpr size_t kMaximumSentence = 120;

  /// Take bytes as they come: lines may be cut anywhere. Sentences with a bad checksum, too long, or with
  /// fields that are no numbers are counted and ignored.
  void feed(const char* text, size_t size, uint64_t now_us);
  /// The newest position, while it is not older than `maximum_age_us` and the receiver has a fix.
  std::optional<Position> position(uint64_t now_us, uint64_t maximum_age_us = kMaximumAgeUs) const;
  /// Unix time of the newest RMC with a valid date, and when its first character came, `us`; 0: none yet.
  /// Receivers say it some tenths of a second late. A date before 2020 is none: it is that of a receiver
  /// whose week number wrapped.
  int64_t unix_ns(uint64_t* us) const;

  uint32_t sentences() const { return sentences_; }  ///< that were understood; those without a fix, too
  uint32_t rejected() const { return rejected_; }    ///< that were not: checksum, length, fields

 private:
  static constexpr uint64_t kMaximumAgeUs = 10'000'000;
  static constexpr size_t kMaximumFields = 16;  ///< GGA has 15; what follows is not looked at
  using Fields = std::array<const char*, kMaximumFields>;

  void end();
  bool understood();
  bool gga(const Fields& fields);
  bool rmc(const Fields& fields);

  std::array<char, kMaximumSentence + 1> sentence_{};
  size_t length_ = 0;  ///< of the sentence so far; 0: waits for a $
  uint64_t began_us_ = 0;

  std::optional<Position> position_;
  uint64_t position_us_ = 0;
  bool from_gga_ = false;
  int64_t unix_ns_ = 0;
  uint64_t unix_us_ = 0;
  uint32_t sentences_ = 0;
  uint32_t rejected_ = 0;
};

}  // namespace sensor
