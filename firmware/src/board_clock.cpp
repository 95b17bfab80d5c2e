#include "board_clock.h"

#include <sys/time.h>

#include "esp_timer.h"

namespace board {

uint64_t BoardClock::monotonic_us() const { return static_cast<uint64_t>(esp_timer_get_time()); }

int64_t BoardClock::unix_ns() const {
  if (!synchronised_.load()) return 0;
  timeval now{};
  gettimeofday(&now, nullptr);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + static_cast<int64_t>(now.tv_usec) * 1'000;
}

}  // namespace board
