// The clock that is followed, and where the sensor is.
#include "core/sensor.h"

#include <algorithm>
#include <cstdlib>

#include "core/text.h"

namespace sensor {
namespace {

constexpr int64_t kStepNs = 100'000'000;  // the clock was set: said in the log
constexpr int64_t kDriftNs = 10'000'000;  // the oscillator and the clock came apart: a new run, between two batches

}  // namespace

void Sensor::follow_clock(uint64_t now_us) {
  const int64_t unix_ns = board_.clock.unix_ns();
  if (unix_ns < kMinimumTimeNs) {
    return;  // it was never set
  }
  const int64_t offset_ns = unix_ns - static_cast<int64_t>(now_us) * 1000;
  const int64_t off_ns = std::llabs(offset_ns - offset_ns_);
  if (!synchronised_) {
    synchronised_ = true;
    offset_ns_ = offset_ns;
    if (saved_.asleep && saved_.wake_time_ns != 0) {
      const int64_t left_ns = std::max<int64_t>(0, saved_.wake_time_ns - unix_ns);
      wake_us_ = std::max<uint64_t>(1, now_us + static_cast<uint64_t>(left_ns / 1000));
      board_.system.sleep(wake_us_);  // the board knows nothing of a sleep of before its boot
    } else {
      note_wake_time();
    }
    link_.say_birth();  // one that was said before has no time
    link_.say_status();
  } else if (off_ns > kStepNs) {
    recorder_.flush(now_us, position(now_us));
    ++counters_.clock_steps;
    char line[96];
    Text(line, sizeof line)
        .add("the clock was set ")
        .add(static_cast<uint64_t>(off_ns / 1'000'000))
        .add(offset_ns > offset_ns_ ? " ms forwards" : " ms backwards");
    offset_ns_ = offset_ns;
    note_wake_time();
    log(hal::LogLevel::kWarning, "clock", line, now_us);
  } else if (off_ns > kDriftNs && recorder_.between_batches()) {
    offset_ns_ = offset_ns;
  } else {
    return;
  }
  // not by starting the device anew: what it holds, and what it misses meanwhile, would be lost without a trace
  recorder_.follow(offset_ns_);
}

/// A sleep lasts as long as it was told to, whatever the clock says; what is saved is the time that it ends at.
void Sensor::note_wake_time() {
  const int64_t wake_time_ns = saved_.asleep && wake_us_ != 0 ? unix_ns_at(wake_us_) : 0;
  if (wake_time_ns != saved_.wake_time_ns) {
    saved_.wake_time_ns = wake_time_ns;
    save_state();
  }
}

int64_t Sensor::unix_ns_at(uint64_t us) const {
  return synchronised_ ? static_cast<int64_t>(us) * 1000 + offset_ns_ : 0;
}

void Sensor::read_gps(uint64_t now_us) {
  if (board_.gps == nullptr) {
    return;
  }
  char text[256];
  for (size_t size = board_.gps->read(text, sizeof text); size != 0; size = board_.gps->read(text, sizeof text)) {
    nmea_.feed(text, size, now_us);
  }
}

std::optional<Position> Sensor::position(uint64_t now_us) const {
  return board_.gps == nullptr ? std::nullopt : nmea_.position(now_us);
}

}  // namespace sensor
