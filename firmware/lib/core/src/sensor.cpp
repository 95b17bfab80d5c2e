#include "core/sensor.h"

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace sensor {
namespace {

constexpr uint64_t kLongestPauseUs = 1'000'000;  // between ticks: the clock is looked at, the watchdog fed

Spool* mounted(std::optional<Spool>& spool, hal::Flash* flash) {
  if (flash == nullptr) {
    return nullptr;
  }
  spool.emplace(*flash);
  if (!spool->mount()) {
    spool.reset();
    return nullptr;
  }
  return &*spool;
}

size_t payload_at_most(const Workspace& workspace, const std::optional<Spool>& spool) {
  // half a ring: it holds one batch while the next is made
  const size_t room = std::min({workspace.payload.size, workspace.scratch.size, workspace.ring.size / 2});
  return spool ? std::min(room, spool->maximum_payload()) : room;
}

}  // namespace

Sensor::Sensor(const Options& options, const Board& board, const Workspace& workspace)
    : options_(options),
      board_(board),
      buffer_(workspace.ring, mounted(spool_, board.spool), workspace.scratch),
      recorder_(options_, board.source, workspace, payload_at_most(workspace, spool_), buffer_),
      link_(options_, board_, workspace.payload, *this, buffer_),
      commands_(board.store) {}

void Sensor::begin() {
  const uint64_t now_us = board_.clock.monotonic_us();
  boot_us_ = status_us_ = now_us;
  commands_.load();
  link_.load();
  saved_ = SavedState::load(board_.store);
  const bool commanded = saved_.sample_frequency_hz >= kMinimumCommandedFrequencyHz &&
                         saved_.sample_frequency_hz <= board_.source.info().maximum_frequency_hz;
  frequency_hz_ = commanded ? saved_.sample_frequency_hz : options_.sample_frequency_hz;
  recorder_.begin_session(board_.system.random32());
  board_.system.show(hal::Lamp::kStarting);
  if (saved_.asleep) {
    board_.system.sleep(0);
  }

  char line[96];
  Text(line, sizeof line).add("session ").add(session());
  log(hal::LogLevel::kInfo, "boot", line, now_us);
  if (buffer_.not_held() != 0) {
    Text(line, sizeof line).add(uint64_t{buffer_.not_held()}).add(" batches of before wait on flash");
    log(hal::LogLevel::kInfo, "boot", line, now_us);
  }
  if (board_.spool != nullptr && !spool_) {
    log(hal::LogLevel::kError, "spool", "flash does not work: an outage is held in memory only", now_us);
  }
  follow_clock(now_us);
}

uint64_t Sensor::tick() {
  const uint64_t now_us = board_.clock.monotonic_us();
  if (stopped_) {
    return now_us + kLongestPauseUs;
  }
  read_gps(now_us);
  follow_clock(now_us);
  if (wake_us_ != 0 && now_us >= wake_us_) {
    wake(now_us);
  }
  if (!saved_.asleep && !stopping_ && synchronised_ && !recorder_.running() && now_us >= source_retry_us_) {
    start_run(now_us);
  }
  recorder_.record(now_us, position(now_us));
  watch_source(now_us);
  if (now_us - status_us_ >= kStatusIntervalUs) {
    link_.say_status();
    status_us_ = now_us;
  }
  link_.pump(now_us);
  if (stopping_ && link_.idle()) {
    if (std::exchange(last_status_due_, false)) {
      link_.say_status();  // the one of before counts batches that are held now
      link_.pump(now_us);
    } else {
      link_.disconnect();
      stopped_ = true;
    }
  }
  reboot_when_answered(now_us);
  board_.system.feed_watchdog();

  uint64_t due = std::min({now_us + kLongestPauseUs, status_us_ + kStatusIntervalUs, link_.due_us()});
  if (wake_us_ != 0) {
    due = std::min(due, wake_us_);
  }
  if (recorder_.running()) {
    due = std::min(due, recorder_.due_us(now_us));
  }
  return due;
}

void Sensor::stop() {
  const uint64_t now_us = board_.clock.monotonic_us();
  recorder_.flush(now_us, position(now_us));
  recorder_.stop();
  stopping_ = true;
  last_status_due_ = buffer_.not_held() != 0;
  link_.say_status();
  link_.pump(now_us);
}

bool Sensor::stopped() const { return stopped_; }
void Sensor::save() { counters_.store_failures += buffer_.save(); }

// What the connection reports.

void Sensor::on_connected() {
  board_.system.show(saved_.asleep ? hal::Lamp::kAsleep : hal::Lamp::kConnected);
  status_us_ = board_.clock.monotonic_us();
  link_.on_connected(status_us_);
}

void Sensor::on_disconnected(Disconnect why) {
  link_.on_disconnected(why == Disconnect::kRefused, board_.clock.monotonic_us());
}

void Sensor::on_published(hal::PublishId id, uint8_t reason_code) {
  const uint64_t now_us = board_.clock.monotonic_us();
  link_.on_published(id, reason_code, now_us);
  link_.pump(now_us);
}

void Sensor::on_dropped(hal::PublishId id) { link_.on_dropped(id); }

Counters Sensor::counters() const {
  Counters counters = counters_;
  counters.batches_made = recorder_.batches_made();
  counters.samples_made = recorder_.samples_made();
  counters.overruns = recorder_.overruns();
  link_.count(&counters);
  return counters;
}

}  // namespace sensor
