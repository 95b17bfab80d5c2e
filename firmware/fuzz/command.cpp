// What comes on a command topic: any bytes. What is decoded has an id and a kind, and is judged with a reason
// or without.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/command_check.h"
#include "core/limits.h"
#include "core/messages.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sensor_v1_Command command = sensor_v1_Command_init_zero;
  if (!sensor::decode_command({data, size}, &command)) return 0;
  require(command.which_command >= sensor_v1_Command_sleep_tag &&
          command.which_command <= sensor_v1_Command_reboot_tag);

  for (const double maximum_hz : {0.0, 1.0, 26'667.0}) {
    char reason[128];
    std::memset(reason, 'x', sizeof reason);
    const bool can = sensor::acceptable(command, maximum_hz, reason, sizeof reason);
    require(std::memchr(reason, '\0', sizeof reason) != nullptr);
    require(can == (reason[0] == '\0'));
    if (!can) continue;
    if (command.which_command == sensor_v1_Command_change_sample_frequency_tag) {
      const double hz = command.command.change_sample_frequency.sample_frequency_hz;
      require(std::isfinite(hz) && hz >= sensor::kMinimumCommandedFrequencyHz);
      require(maximum_hz == 0.0 || hz <= maximum_hz);
    }
    if (command.which_command == sensor_v1_Command_trigger_alarm_tag) {
      const auto& alarm = command.command.trigger_alarm;
      require(alarm.severity >= 1 && alarm.severity <= sensor::kMaximumSeverity);
      require(std::strlen(sensor::text_of(alarm.alarm_id)) <= sensor::kMaximumAlarmText);
      require(std::strlen(sensor::text_of(alarm.action)) <= sensor::kMaximumAlarmText);
    }
    if (command.which_command == sensor_v1_Command_resend_tag) {
      require(command.command.resend.first_sequence <= command.command.resend.last_sequence);
    }
  }
  return 0;
}
