// How long a board without a broker loses nothing: memory and partition as src/board_plan.h and partitions.csv have them.
#include <doctest.h>

#include "commands.h"

using sim::Rig;

namespace {

constexpr size_t kRing = 24 * 1024;
constexpr size_t kPayload = 9 * 1024;
constexpr size_t kFrames = 8 * 1024;

/// Seconds of three axes until the first batch is lost.
double held_s(double sample_frequency_hz, uint32_t spool_bytes) {
  Rig rig({sample_frequency_hz, 1, kRing, kPayload, spool_bytes, 24 * 1024, kFrames});
  rig.broker.up = false;
  double seconds = 0;
  while (rig.sensor->counters().batches_lost == 0) {
    rig.run_s(0.25);
    seconds += 0.25;
  }
  return seconds;
}

}  // namespace

TEST_CASE("the longest outage of a board with 4 MB of flash, and with 16 MB") {
  constexpr uint32_t kOf4 = 0xE0000;
  constexpr uint32_t kOf16 = kOf4 + 12 * 1024 * 1024;
  const double slow_s = held_s(1'000, kOf4);
  const double fast_s = held_s(26'667, kOf4);
  const double long_s = held_s(1'000, kOf16);
  CAPTURE(slow_s);  // docs/firmware.md has these figures
  CAPTURE(fast_s);
  CAPTURE(long_s);
  CHECK(slow_s > 140);
  CHECK(fast_s > 5);
  CHECK(long_s > 2'100);
}
