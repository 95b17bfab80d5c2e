// Awake and asleep, runs, and the way to a reboot.
#include "core/sensor.h"

#include <algorithm>

namespace sensor {
namespace {

constexpr uint64_t kSourceRetryUs = 10'000'000;
constexpr uint64_t kSilentUs = 10'000'000;  // without a frame, three samples at least: the device is begun anew

}  // namespace

sensor_v1_State Sensor::state() const {
  if (stopping_) {
    return sensor_v1_State_STATE_OFFLINE;
  }
  return saved_.asleep ? sensor_v1_State_STATE_ASLEEP : sensor_v1_State_STATE_AWAKE;
}

void Sensor::start_run(uint64_t now_us) {
  if (saved_.asleep || stopping_ || !synchronised_) {
    return;
  }
  if (!recorder_.start(frequency_hz_, now_us, offset_ns_)) {
    source_retry_us_ = now_us + kSourceRetryUs;
    board_.system.show(hal::Lamp::kError);
    log(hal::LogLevel::kError, "source", "the measuring device does not answer", now_us);
  } else if (source_retry_us_ != 0) {
    source_retry_us_ = 0;
    board_.system.show(link_.connected() ? hal::Lamp::kConnected : hal::Lamp::kConnecting);
  }
}

void Sensor::watch_source(uint64_t now_us) {
  if (!recorder_.running() || !board_.source.info().self_paced) {
    return;  // what we pace ourselves answers, or fails to start
  }
  const auto three_samples_us = static_cast<uint64_t>(3e6 / frequency_hz_);
  if (now_us - recorder_.heard_us() >= std::max(kSilentUs, three_samples_us)) {
    recorder_.flush(now_us, position(now_us));
    recorder_.stop();
    log(hal::LogLevel::kError, "source", "the measuring device gives no samples: it is begun anew", now_us);
    start_run(now_us);
  }
}

void Sensor::fall_asleep(uint32_t duration_s, uint64_t now_us) {
  recorder_.flush(now_us, position(now_us));
  recorder_.stop();
  wake_us_ = duration_s == 0 ? 0 : now_us + uint64_t{duration_s} * 1'000'000;
  change_state(true, now_us);
  board_.system.sleep(wake_us_);
}

void Sensor::wake(uint64_t now_us) {
  wake_us_ = 0;
  if (saved_.asleep) {
    change_state(false, now_us);
    start_run(now_us);
  }
}

void Sensor::change_state(bool asleep, uint64_t now_us) {
  saved_.asleep = asleep;
  // without a clock a sleep that a reboot interrupts lasts until Awake; when there is one, `follow_clock` notes it
  saved_.wake_time_ns = asleep && wake_us_ != 0 ? unix_ns_at(wake_us_) : 0;
  save_state();
  board_.system.show(asleep ? hal::Lamp::kAsleep : link_.connected() ? hal::Lamp::kConnected : hal::Lamp::kConnecting);
  link_.say_status();
  status_us_ = now_us;
}

void Sensor::save_state() { counters_.store_failures += saved_.save(board_.store) ? 0 : 1; }

void Sensor::reboot_when_answered(uint64_t now_us) {
  if (reboot_us_ == 0 || (now_us < reboot_us_ && link_.answers.count() != 0)) {
    return;
  }
  reboot_us_ = 0;
  recorder_.flush(now_us, position(now_us));
  recorder_.stop();
  save();
  stopped_ = true;
  link_.disconnect();
  board_.system.reboot();
}

}  // namespace sensor
