#include "core/nmea.h"

#include <cstring>
#include <limits>

#include "core/limits.h"
#include "digits.h"
#include "nmea_fields.h"

namespace sensor {
namespace {

constexpr size_t kChecksumDigits = 2;
constexpr size_t kAddress = 5;        ///< two characters of a talker, three of a sentence
constexpr uint32_t kNoHdop = 99'000;  ///< thousandths: from 99 on it means that the receiver does not know it

/// The value of a hexadecimal digit; 16 where it is none.
unsigned hex_digit(char one) {
  if (one >= '0' && one <= '9') return static_cast<unsigned>(one - '0');
  if (one >= 'A' && one <= 'F') return static_cast<unsigned>(one - 'A') + 10;
  if (one >= 'a' && one <= 'f') return static_cast<unsigned>(one - 'a') + 10;
  return 16;
}

/// An error of the range to a satellite in mm, one standard deviation, for a quality of GGA; 0: no fix.
uint32_t range_error_mm(char quality) {
  switch (quality) {
    case '1':  // alone
    case '3':  // alone, with the precise service
      return 5'000;
    case '2':  // with corrections
    case '9':  // by SBAS, as NovaTel says it
      return 2'000;
    case '4':  // RTK
      return 20;
    case '5':  // RTK, ambiguities not fixed
      return 500;
    default:
      return 0;
  }
}

bool metres(const char* value, const char* unit, int64_t* mm) {
  *mm = 0;
  if (*value == '\0') return true;
  return (*unit == '\0' || std::strcmp(unit, "M") == 0) && digits::decimal(value, 3, mm);
}

bool place(const char* const* fields, Position* position) {
  return nmea::coordinate(fields[0], fields[1], 'N', 'S', 90, &position->latitude_e7) &&
         nmea::coordinate(fields[2], fields[3], 'E', 'W', 180, &position->longitude_e7);
}

}  // namespace

void Nmea::feed(const char* text, size_t size, uint64_t now_us) {
  for (; size > 0; --size, ++text) {
    const char one = *text;
    if (one == '$') {  // whatever came before is over: no garbage can hide a sentence
      if (length_ > 0) end();
      began_us_ = now_us;
      sentence_[0] = one;
      length_ = 1;
    } else if (length_ == 0) {
      continue;
    } else if (one == '\r' || one == '\n') {
      end();
    } else if (one < ' ' || one > '~' || length_ == kMaximumSentence) {
      ++rejected_;
      length_ = 0;
    } else {
      sentence_[length_++] = one;
    }
  }
}

void Nmea::end() {
  if (!understood()) ++rejected_;
  length_ = 0;
}

bool Nmea::understood() {
  sentence_[length_] = '\0';
  char* star = sentence_.data() + length_ - 1 - kChecksumDigits;
  if (length_ < 1 + 1 + kChecksumDigits || *star != '*') return false;
  unsigned checksum = 0;
  for (const char* one = sentence_.data() + 1; one != star; ++one)
    checksum ^= static_cast<unsigned char>(*one);
  if (hex_digit(star[1]) * 16 + hex_digit(star[2]) != checksum) return false;
  *star = '\0';

  Fields fields;
  fields.fill(star);  // a field that is missing is an empty one
  size_t count = 0;
  for (char* one = sentence_.data() + 1; one != nullptr && count < fields.size(); ++count) {
    fields[count] = one;
    one = std::strchr(one, ',');
    if (one != nullptr) *one++ = '\0';
  }
  // $PGRMC is a maker's own sentence, not the RMC of a talker PG
  if (std::strlen(fields[0]) != kAddress || *fields[0] == 'P') return true;
  if (std::strcmp(fields[0] + 2, "GGA") == 0) return gga(fields);
  if (std::strcmp(fields[0] + 2, "RMC") == 0) return rmc(fields);
  return true;
}

/// address, time, latitude, N/S, longitude, E/W, quality, satellites, HDOP, altitude, M, separation, M, …
bool Nmea::gga(const Fields& fields) {
  const char* quality = fields[6];
  if (quality[0] == '\0' || quality[1] != '\0' || quality[0] < '0' || quality[0] > '9') return false;
  const uint32_t error_mm = range_error_mm(quality[0]);
  if (error_mm == 0) {
    position_.reset();
    ++sentences_;
    return true;
  }
  Position found;
  int64_t altitude_mm = 0;
  int64_t separation_mm = 0;
  int64_t hdop = kNoHdop;
  if (!place(&fields[2], &found) || !metres(fields[9], fields[10], &altitude_mm) ||
      !metres(fields[11], fields[12], &separation_mm) ||
      (*fields[8] != '\0' && (!digits::decimal(fields[8], 3, &hdop) || hdop < 0))) {
    return false;
  }
  altitude_mm += separation_mm;
  if (altitude_mm > std::numeric_limits<int32_t>::max() ||
      altitude_mm < std::numeric_limits<int32_t>::min()) {
    return false;
  }
  found.altitude_mm = static_cast<int32_t>(altitude_mm);
  if (hdop < kNoHdop) found.accuracy_mm = (static_cast<uint32_t>(hdop) * error_mm + 500) / 1000;
  position_ = found;
  position_us_ = began_us_;
  from_gga_ = true;
  ++sentences_;
  return true;
}

/// address, time, A/V, latitude, N/S, longitude, E/W, speed, course, date, variation, E/W, mode, …
bool Nmea::rmc(const Fields& fields) {
  const char* status = fields[2];
  if ((status[0] != 'A' && status[0] != 'V') || status[1] != '\0') return false;
  const char mode = *fields[12];  // N: no fix, M: typed, S: simulated; empty before NMEA 2.3
  if (status[0] == 'V' || mode == 'N' || mode == 'M' || mode == 'S') {
    position_.reset();
    ++sentences_;
    return true;
  }
  Position found;
  int64_t time_ns = 0;
  if (!place(&fields[3], &found) ||
      (*fields[9] != '\0' && !nmea::unix_time(fields[1], fields[9], &time_ns))) {
    return false;
  }
  if (time_ns >= kMinimumTimeNs) {
    unix_ns_ = time_ns;
    unix_us_ = began_us_;
  }
  if (mode == 'E') {  // dead reckoning: the time is right, the place is a guess
    position_.reset();
  } else if (!from_gga_ || !position(began_us_).has_value()) {
    position_ = found;
    position_us_ = began_us_;
    from_gga_ = false;
  }
  ++sentences_;
  return true;
}

std::optional<Position> Nmea::position(uint64_t now_us, uint64_t maximum_age_us) const {
  if (!position_.has_value() || now_us - position_us_ > maximum_age_us) return std::nullopt;
  return position_;
}

int64_t Nmea::unix_ns(uint64_t* us) const {
  *us = unix_us_;
  return unix_ns_;
}

}  // namespace sensor
