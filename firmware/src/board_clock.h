#pragma once

#include <atomic>

#include "hal/clock.h"

namespace board {

/// esp_timer counts microseconds since boot; the system's time is set by SNTP. What the RTC kept over a
/// restart is not trusted: its oscillator is off by up to some percent.
class BoardClock : public hal::Clock {
 public:
  uint64_t monotonic_us() const override;
  int64_t unix_ns() const override;
  /// SNTP has set the time; from any task.
  void set_synchronised() { synchronised_.store(true); }
  bool synchronised() const { return synchronised_.load(); }

 private:
  std::atomic<bool> synchronised_{false};
};

/// Begins to ask a time server: whenever there is an address, and every quarter of an hour. The first time,
/// and where it is off by more than 0.1 s, the clock is set; small differences are slewed. `server` lives as
/// long as the program.
bool begin_time_sync(BoardClock& clock, const char* server);

}  // namespace board
