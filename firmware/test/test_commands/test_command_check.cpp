#include <doctest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "core/command_check.h"
#include "core/messages.h"
#include "core/number_text.h"

// Against Python, value by value: tests/firmware/test_vectors.py.

namespace {

/// Why not; "" where it can be done.
std::string reason_of(const sensor_v1_Command& command, double maximum_hz) {
  char reason[sizeof(sensor_v1_CommandAck::reason)] = "left from before";
  const bool can = sensor::acceptable(command, maximum_hz, reason, sizeof reason);
  CHECK(can == (std::strlen(reason) == 0));
  return reason;
}

sensor_v1_Command change_to(double frequency_hz) {
  sensor_v1_Command command = sensor_v1_Command_init_zero;
  command.which_command = sensor_v1_Command_change_sample_frequency_tag;
  command.command.change_sample_frequency.sample_frequency_hz = frequency_hz;
  return command;
}

sensor_v1_Command alarm(const std::string& alarm_id, uint32_t severity, const std::string& action) {
  sensor_v1_Command command = sensor_v1_Command_init_zero;
  command.which_command = sensor_v1_Command_trigger_alarm_tag;
  sensor_v1_TriggerAlarm& alarm = command.command.trigger_alarm;
  alarm.alarm_id.size =
      static_cast<pb_size_t>(alarm_id.copy(reinterpret_cast<char*>(alarm.alarm_id.bytes), 256));
  alarm.action.size = static_cast<pb_size_t>(action.copy(reinterpret_cast<char*>(alarm.action.bytes), 256));
  alarm.severity = severity;
  return command;
}

std::string number(double value) {
  char text[32];
  sensor::Text writer(text, sizeof text);
  sensor::add_number(writer, value);
  return text;
}

}  // namespace

TEST_CASE("a frequency is one from 0.01 Hz to the sensor's maximum") {
  for (const double frequency_hz : {0.01, 1.0, 26'667.0}) {
    CHECK(reason_of(change_to(frequency_hz), 26'667) == "");
  }
  CHECK(reason_of(change_to(26'667.5), 26'667) ==
        "26667.5 Hz is not between 0.01 Hz and 26667 Hz, its maximum");
  CHECK(reason_of(change_to(std::nextafter(0.01, 0)), 0) ==
        "0.01 Hz is not between 0.01 Hz and the sensor's maximum");
  CHECK(reason_of(change_to(std::nan("")), 100) == "nan Hz is not between 0.01 Hz and 100 Hz, its maximum");
  CHECK(reason_of(change_to(INFINITY), 0) == "inf Hz is not between 0.01 Hz and the sensor's maximum");
  CHECK(reason_of(change_to(-1e300), 100) == "-1e+300 Hz is not between 0.01 Hz and 100 Hz, its maximum");
}

TEST_CASE("an alarm has an id, a severity from 1 to 1000, and texts of 63 bytes at most") {
  CHECK(reason_of(alarm("hot", 1, ""), 0) == "");
  CHECK(reason_of(alarm(std::string(63, 'x'), 1000, std::string(63, 'y')), 0) == "");
  CHECK(reason_of(alarm("", 1, "stop"), 0) == "an alarm needs an id");
  CHECK(reason_of(alarm("hot", 0, ""), 0) == "severity 0 is not between 1 and 1000");
  CHECK(reason_of(alarm("hot", 1001, ""), 0) == "severity 1001 is not between 1 and 1000");
  CHECK(reason_of(alarm(std::string(64, 'x'), 1, ""), 0) ==
        "the alarm id has 64 bytes; at most 63 fit, and none of them 0");
  CHECK(reason_of(alarm("hot", 0, std::string(256, 'x')), 0) ==
        "the action has 256 bytes; at most 63 fit, and none of them 0");
}

TEST_CASE("batches that are resent are named in order") {
  sensor_v1_Command command = sensor_v1_Command_init_zero;
  command.which_command = sensor_v1_Command_resend_tag;
  command.command.resend = {7, 3, 3};
  CHECK(reason_of(command, 0) == "");
  command.command.resend = {7, UINT64_MAX, UINT64_MAX - 1};
  CHECK(reason_of(command, 0) ==
        "last sequence 18446744073709551614 is before first sequence 18446744073709551615");
}

TEST_CASE("commands without a value can always be done") {
  for (const int kind : {sensor_v1_Command_sleep_tag, sensor_v1_Command_awake_tag,
                         sensor_v1_Command_identify_tag, sensor_v1_Command_reboot_tag}) {
    sensor_v1_Command command = sensor_v1_Command_init_zero;
    command.which_command = static_cast<pb_size_t>(kind);
    CHECK(reason_of(command, 1) == "");
  }
}

TEST_CASE("a reason that finds too little room is cut, and ends") {
  char reason[8];
  CHECK_FALSE(sensor::acceptable(alarm("", 1, ""), 0, reason, sizeof reason));
  CHECK(std::string(reason) == "an alar");
}

TEST_CASE("numbers have six digits, correctly rounded") {
  CHECK(number(0) == "0");
  CHECK(number(-0.0) == "-0");
  CHECK(number(100) == "100");
  CHECK(number(0.1) == "0.1");
  CHECK(number(26'667.25) == "26667.2");  // a tie: to even
  CHECK(number(26'667.75) == "26667.8");
  CHECK(number(999'999.5) == "1e+06");
  CHECK(number(123'456'789) == "1.23457e+08");
  CHECK(number(0.000123456) == "0.000123456");
  CHECK(number(0.0000123456) == "1.23456e-05");
  CHECK(number(5e-324) == "4.94066e-324");
  CHECK(number(1.7976931348623157e308) == "1.79769e+308");
}
