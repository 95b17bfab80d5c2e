#include "host_clock.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace host {
namespace {

template <typename Clock>
int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

}  // namespace

HostClock::HostClock(const Options& options)
    : options_(options),
      began_ns_(now_ns<std::chrono::steady_clock>()),
      start_ns_(options.start_ns.value_or(now_ns<std::chrono::system_clock>())) {}

int64_t HostClock::elapsed_ns() const {
  const int64_t elapsed = now_ns<std::chrono::steady_clock>() - began_ns_;
  return options_.speed == 1.0 ? elapsed : static_cast<int64_t>(static_cast<double>(elapsed) * options_.speed);
}

uint64_t HostClock::monotonic_us() const { return static_cast<uint64_t>(elapsed_ns() / 1000); }

int64_t HostClock::unix_ns() const {
  const int64_t elapsed = elapsed_ns();
  const double elapsed_s = static_cast<double>(elapsed) / 1e9;
  if (elapsed_s < options_.unsynchronised_s) {
    return 0;
  }
  // the machine's own clock may step, too, and sensors shall see it
  const bool real = options_.speed == 1.0 && !options_.start_ns;
  int64_t now = real ? now_ns<std::chrono::system_clock>() : start_ns_ + elapsed;
  for (const ClockStep& step : options_.steps) {
    now += elapsed_s >= step.at_s ? std::llround(step.by_s * 1e9) : 0;
  }
  return now;
}

int64_t HostClock::real_ms(uint64_t us) const {
  const double ms = std::ceil(static_cast<double>(us) / 1000 / options_.speed);
  return static_cast<int64_t>(std::min(ms, 1e9));
}

}  // namespace host
