#include "core/command_check.h"

#include <cmath>
#include <limits>

#include "core/limits.h"
#include "core/messages.h"
#include "core/number_text.h"

namespace sensor {
namespace {

bool frequency_fits(double frequency, double maximum, Text reason) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double most = maximum == 0 ? kInfinity : maximum;
  // written so that NaN fails as well
  if (frequency >= kMinimumCommandedFrequencyHz && frequency <= most && frequency < kInfinity) {
    return true;
  }
  add_number(reason, frequency).add(" Hz is not between ");
  add_number(reason, kMinimumCommandedFrequencyHz).add(" Hz and ");
  if (most < kInfinity) {
    add_number(reason, most).add(" Hz, its maximum");
  } else {
    reason.add("the sensor's maximum");
  }
  return false;
}

bool resend_fits(const sensor_v1_Resend& resend, Text reason) {
  if (resend.last_sequence >= resend.first_sequence) {
    return true;
  }
  reason.add("last sequence ").add(resend.last_sequence);
  reason.add(" is before first sequence ").add(resend.first_sequence);
  return false;
}

template <typename BytesField>
bool text_fits(const char* name, const BytesField& field, Text reason) {
  if (field.size <= kMaximumAlarmText) {
    return true;
  }
  reason.add("the ").add(name).add(" has ").add(static_cast<uint64_t>(field.size)).add(" bytes; at most ");
  reason.add(static_cast<uint64_t>(kMaximumAlarmText)).add(" fit, and none of them 0");
  return false;
}

bool alarm_fits(const sensor_v1_TriggerAlarm& alarm, Text reason) {
  if (alarm.alarm_id.size == 0) {
    reason.add("an alarm needs an id");
    return false;
  }
  if (!text_fits("alarm id", alarm.alarm_id, reason) || !text_fits("action", alarm.action, reason)) {
    return false;
  }
  if (alarm.severity < 1 || alarm.severity > kMaximumSeverity) {
    reason.add("severity ").add(static_cast<uint64_t>(alarm.severity)).add(" is not between 1 and ");
    reason.add(static_cast<uint64_t>(kMaximumSeverity));
    return false;
  }
  return true;
}

}  // namespace

bool acceptable(const sensor_v1_Command& command, double maximum_frequency_hz, char* reason,
                size_t capacity) {
  const Text text(reason, capacity);
  switch (command.which_command) {
    case sensor_v1_Command_change_sample_frequency_tag:
      return frequency_fits(command.command.change_sample_frequency.sample_frequency_hz, maximum_frequency_hz,
                            text);
    case sensor_v1_Command_resend_tag:
      return resend_fits(command.command.resend, text);
    case sensor_v1_Command_trigger_alarm_tag:
      return alarm_fits(command.command.trigger_alarm, text);
    default:
      return true;
  }
}

}  // namespace sensor
