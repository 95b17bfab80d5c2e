#include <algorithm>
#include <cmath>
#include <limits>

#include "core/timebase.h"

namespace sensor {
namespace {

constexpr int64_t kMaximumNs = std::numeric_limits<int64_t>::max();

/// Nanoseconds from the start of a run to a sample. The operations and their order are the emulator's: both
/// round alike.
int64_t sample_offset_ns(uint64_t index, double sample_frequency_hz) {
  const double offset_ns = std::rint(static_cast<double>(index) * 1e9 / sample_frequency_hz);
  return offset_ns < 0x1p63 ? static_cast<int64_t>(offset_ns) : kMaximumNs;
}

}  // namespace

int64_t sample_time_ns(int64_t start_ns, uint64_t index, double sample_frequency_hz) {
  const int64_t offset_ns = sample_offset_ns(index, sample_frequency_hz);
  return start_ns > kMaximumNs - offset_ns ? kMaximumNs : start_ns + offset_ns;
}

uint64_t samples_until(int64_t elapsed_ns, double sample_frequency_hz) {
  if (elapsed_ns < 0 || !(sample_frequency_hz > 0)) {
    return 0;
  }
  elapsed_ns = std::min(elapsed_ns, kMaximumNs - 1);  // what is later than any time has not come
  // an estimate, then to the nanosecond
  auto count = static_cast<uint64_t>(static_cast<double>(elapsed_ns) * sample_frequency_hz / 1e9) + 1;
  while (sample_offset_ns(count, sample_frequency_hz) <= elapsed_ns) {
    ++count;
  }
  while (count > 1 && sample_offset_ns(count - 1, sample_frequency_hz) > elapsed_ns) {
    --count;
  }
  return count;
}

}  // namespace sensor
