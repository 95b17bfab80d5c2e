// Commands of a sensor: each once, in time, and answered.
#include "core/sensor.h"

#include <cstring>

#include "core/command_check.h"
#include "core/text.h"

namespace sensor {
namespace {

constexpr uint64_t kRebootAfterUs = 3'000'000;  // so long the answer may get through; then it is in the store

}  // namespace

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

}  // namespace sensor
