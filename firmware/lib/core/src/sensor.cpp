#include "core/sensor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/command_check.h"
#include "core/text.h"

namespace sensor {
namespace {

constexpr int64_t kStepNs = 100'000'000;     // the clock was set: said in the log
constexpr int64_t kDriftNs = 10'000'000;     // the oscillator and the clock came apart: a new run, between two batches
constexpr uint64_t kSourceRetryUs = 10'000'000;
constexpr uint64_t kSilentUs = 10'000'000;  // without a frame, three samples at least: the device is begun anew
constexpr uint64_t kLongestPauseUs = 1'000'000;  // between ticks: the clock is looked at, the watchdog fed
constexpr uint64_t kRebootAfterUs = 3'000'000;   // it waits so long for the answer to get through; then it is in the store

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

void Sensor::on_command(Bytes payload) {
  const uint64_t now_us = board_.clock.monotonic_us();
  sensor_v1_Command command = sensor_v1_Command_init_zero;
  ++counters_.commands;
  if (!decode_command(payload, &command)) {
    ++counters_.bad_commands;
    log(hal::LogLevel::kWarning, "commands", "not a command", now_us);
    link_.pump(now_us);
    return;
  }
  sensor_v1_CommandAck ack = sensor_v1_CommandAck_init_zero;
  ack.outcome = judge(command, now_us, ack.reason, sizeof ack.reason);
  std::copy(std::begin(command.id.bytes), std::end(command.id.bytes), std::begin(ack.command_id));
  ack.time_ns = unix_ns_at(now_us);
  ack.state = state();
  ack.sample_frequency_hz = frequency_hz_;
  counters_.store_failures += link_.answers.add(ack) ? 0 : 1;
  link_.say_status();
  status_us_ = now_us;
  link_.pump(now_us);
}

// Commands.

sensor_v1_Outcome Sensor::judge(const sensor_v1_Command& command, uint64_t now_us, char* reason, size_t capacity) {
  if (commands_.knows(command.id.bytes)) {
    return sensor_v1_Outcome_OUTCOME_DUPLICATE;
  }
  // before it is applied: a reboot that comes twice is one
  counters_.store_failures += commands_.remember(command.id.bytes) ? 0 : 1;
  if (command.expiry_time_ns != 0 && !synchronised_) {
    Text(reason, capacity).add("the clock is not synchronised: whether it has expired is not known");
    return sensor_v1_Outcome_OUTCOME_REJECTED;
  }
  if (command.expiry_time_ns != 0 && unix_ns_at(now_us) > command.expiry_time_ns) {
    Text(reason, capacity).add("it came after its expiry");
    return sensor_v1_Outcome_OUTCOME_EXPIRED;
  }
  if (!acceptable(command, board_.source.info().maximum_frequency_hz, reason, capacity)) {
    return sensor_v1_Outcome_OUTCOME_REJECTED;
  }
  return apply(command, now_us, reason, capacity);
}

sensor_v1_Outcome Sensor::apply(const sensor_v1_Command& command, uint64_t now_us, char* reason, size_t capacity) {
  switch (command.which_command) {
    case sensor_v1_Command_sleep_tag:
      fall_asleep(command.command.sleep.duration_s, now_us);
      break;
    case sensor_v1_Command_awake_tag:
      wake(now_us);
      break;
    case sensor_v1_Command_change_sample_frequency_tag:
      recorder_.flush(now_us, position(now_us));
      recorder_.stop();
      frequency_hz_ = saved_.sample_frequency_hz = command.command.change_sample_frequency.sample_frequency_hz;
      save_state();
      start_run(now_us);
      break;
    case sensor_v1_Command_trigger_alarm_tag: {
      char line[sizeof(LogQueue::Line::message)];
      Text(line, sizeof line)
          .add("alarm ")
          .add(text_of(command.command.trigger_alarm.alarm_id))
          .add(": ")
          .add(text_of(command.command.trigger_alarm.action));
      log(hal::LogLevel::kWarning, "alarm", line, now_us);
      break;
    }
    case sensor_v1_Command_resend_tag:
      return resend(command.command.resend, reason, capacity);
    case sensor_v1_Command_identify_tag:
      board_.system.show(hal::Lamp::kIdentify);
      log(hal::LogLevel::kInfo, "identify", "here I am", now_us);
      break;
    case sensor_v1_Command_reboot_tag:
      recorder_.flush(now_us, position(now_us));
      reboot_us_ = now_us + kRebootAfterUs;
      break;
    default:
      return sensor_v1_Outcome_OUTCOME_REJECTED;  // not reached: acceptable() knows the kinds
  }
  return sensor_v1_Outcome_OUTCOME_APPLIED;
}

sensor_v1_Outcome Sensor::resend(const sensor_v1_Resend& wanted, char* reason, size_t capacity) {
  // all sequences that there are would be one more than fits
  const uint64_t span = wanted.last_sequence - wanted.first_sequence;
  const uint64_t count = span == UINT64_MAX ? span : span + 1;
  const uint64_t found = buffer_.resend(wanted.session, wanted.first_sequence, wanted.last_sequence);
  counters_.batches_resent += found;
  if (found == count) {
    return sensor_v1_Outcome_OUTCOME_APPLIED;
  }
  Text(reason, capacity).add(count - found).add(" of ").add(count).add(" batches are no longer buffered");
  return sensor_v1_Outcome_OUTCOME_REJECTED;
}

// States.

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

// Time.

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

// What is said.

void Sensor::log(hal::LogLevel level, const char* logger, const char* message, uint64_t now_us) {
  board_.system.log(level, logger, message);
  link_.logs.add(level, logger, message, now_us);
}

size_t Sensor::write_birth(Memory out) {
  const hal::SourceInfo& source = board_.source.info();
  const uint64_t now_us = board_.clock.monotonic_us();
  // static: two kilobytes, which a task's stack need not have
  static sensor_v1_Birth birth;
  std::memset(&birth, 0, sizeof birth);
  copy_text(birth.serial_number, sizeof birth.serial_number, options_.serial_number);
  birth.session = session();
  copy_text(birth.hardware, sizeof birth.hardware, board_.system.hardware());
  copy_text(birth.firmware_version, sizeof birth.firmware_version, board_.system.firmware_version());
  copy_text(birth.sensor_type, sizeof birth.sensor_type, source.sensor_type);
  birth.sample_frequency_hz = frequency_hz_;
  birth.maximum_sample_frequency_hz = source.maximum_frequency_hz;
  birth.state = state();
  birth.time_ns = unix_ns_at(now_us);
  birth.channels_count = static_cast<pb_size_t>(source.channel_count);
  for (size_t index = 0; index < source.channel_count; ++index) {
    const hal::Channel& channel = source.channels[index];
    sensor_v1_ChannelDescription& described = birth.channels[index];
    described.index = static_cast<uint32_t>(index);
    copy_text(described.name, sizeof described.name, channel.name);
    copy_text(described.quantity, sizeof described.quantity, channel.quantity);
    copy_text(described.unit, sizeof described.unit, channel.unit);
    described.minimum = channel.minimum;
    described.maximum = channel.maximum;
  }
  if (const std::optional<Position> where = position(now_us); where) {
    birth.has_position = true;
    birth.position = {where->latitude_e7, where->longitude_e7, where->altitude_mm, where->accuracy_mm};
  }
  return encode(birth, out);
}

size_t Sensor::write_status(Memory out) {
  const uint64_t now_us = board_.clock.monotonic_us();
  sensor_v1_Status status = sensor_v1_Status_init_zero;
  status.state = state();
  status.sample_frequency_hz = frequency_hz_;
  status.uptime_ms = (now_us - boot_us_) / 1000;
  status.session = session();
  status.has_last_sequence = next_sequence() != 0;
  status.last_sequence = status.has_last_sequence ? next_sequence() - 1 : 0;
  status.buffered_batches = buffer_.not_held();
  const std::optional<uint64_t> oldest = buffer_.oldest(session());
  status.has_oldest_buffered_sequence = oldest.has_value();
  status.oldest_buffered_sequence = oldest.value_or(0);
  status.free_memory_bytes = board_.system.free_memory_bytes();
  status.rssi_dbm = board_.system.rssi_dbm();
  const float battery = board_.system.battery_percent();
  status.has_battery_percent = battery >= 0;
  status.battery_percent = status.has_battery_percent ? battery : 0;
  status.time_ns = unix_ns_at(now_us);
  return encode(status, out);
}

size_t Sensor::write_last_will(Memory out) {
  sensor_v1_Status status = sensor_v1_Status_init_zero;
  status.state = sensor_v1_State_STATE_OFFLINE;
  status.session = session();
  return encode(status, out);
}

void Sensor::birth_held() { board_.system.confirm_image(); }

Counters Sensor::counters() const {
  Counters counters = counters_;
  counters.batches_made = recorder_.batches_made();
  counters.samples_made = recorder_.samples_made();
  counters.overruns = recorder_.overruns();
  link_.count(&counters);
  return counters;
}

}  // namespace sensor
