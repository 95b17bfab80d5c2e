// A receiver's serial line: any bytes, cut anywhere. Positions are on this planet, and the next good sentence
// is understood.
#include "core/nmea.h"

#include <cstdint>
#include <cstring>

#include "core/limits.h"
#include "require.h"

namespace {

constexpr char kGood[] = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n";
constexpr int32_t kGoodLatitude = 481'173'000;

void check(const sensor::Nmea& nmea, uint64_t now_us) {
  const auto position = nmea.position(now_us);
  if (position.has_value()) {
    require(position->latitude_e7 >= -900'000'000 && position->latitude_e7 <= 900'000'000);
    require(position->longitude_e7 >= -1'800'000'000 && position->longitude_e7 <= 1'800'000'000);
  }
  uint64_t us = 0;
  const int64_t unix_ns = nmea.unix_ns(&us);
  require(unix_ns == 0 || (unix_ns >= sensor::kMinimumTimeNs && us <= now_us));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const char* text = reinterpret_cast<const char*>(data);
  sensor::Nmea whole;
  whole.feed(text, size, 1'000'000);
  check(whole, 1'000'000);

  sensor::Nmea cut;
  for (size_t at = 0; at < size; ++at) cut.feed(text + at, 1, 1'000'000);
  require(cut.sentences() == whole.sentences() && cut.rejected() == whole.rejected());

  whole.feed(kGood, std::strlen(kGood), 2'000'000);
  const auto position = whole.position(2'000'000);
  require(position.has_value() && position->latitude_e7 == kGoodLatitude);
  return 0;
}
