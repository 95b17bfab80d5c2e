// Commands: once, in time, and answered whatever happens.
#include <doctest.h>

#include "commands.h"

using sim::Batch;
using sim::Rig;

TEST_CASE("a command is applied once; one that comes again is a duplicate") {
  Rig rig;
  rig.run_s(1);
  given::to(rig, given::frequency(1, 50));
  given::to(rig, given::frequency(1, 70));
  rig.run_s(0.1);
  REQUIRE(rig.acks().size() == 2);
  CHECK(rig.acks()[0].outcome == sensor_v1_Outcome_OUTCOME_APPLIED);
  CHECK(rig.acks()[0].sample_frequency_hz == 50);
  CHECK(rig.acks()[1].outcome == sensor_v1_Outcome_OUTCOME_DUPLICATE);
  CHECK(rig.sensor->sample_frequency_hz() == 50);
  CHECK(rig.status().sample_frequency_hz == 50);
}

TEST_CASE("a late command is not applied, and neither is one whose lateness cannot be known") {
  Rig rig;
  rig.run_s(1);
  sensor_v1_Command late = given::frequency(1, 50);
  late.expiry_time_ns = rig.now_ns() - 1;
  given::to(rig, late);
  rig.run_s(0.1);
  CHECK(rig.acks().at(0).outcome == sensor_v1_Outcome_OUTCOME_EXPIRED);
  CHECK(std::string(rig.acks().at(0).reason) == "it came after its expiry");
  CHECK(rig.sensor->sample_frequency_hz() == 100);

  Rig early;
  early.clock.synchronised = false;
  early.boot();
  early.run_s(1);
  sensor_v1_Command unknown = given::frequency(2, 50);
  unknown.expiry_time_ns = sim::kEpochNs;
  given::to(early, unknown);
  given::to(early, given::frequency(3, 60));  // never expires
  early.run_s(0.1);
  CHECK(early.acks().at(0).outcome == sensor_v1_Outcome_OUTCOME_REJECTED);
  CHECK(early.acks().at(1).outcome == sensor_v1_Outcome_OUTCOME_APPLIED);
  CHECK(early.sensor->sample_frequency_hz() == 60);
}

TEST_CASE("a change of frequency closes the open batch and begins a run") {
  Rig rig;
  rig.run_s(1.205);
  given::to(rig, given::frequency(1, 10));
  const int64_t changed_ns = rig.now_ns();
  rig.run_s(2.1);
  const std::vector<Batch> batches = rig.batches();
  REQUIRE(batches.size() == 4);
  CHECK(batches[1].samples == 21);
  CHECK(batches[2].start_time_ns == changed_ns);
  CHECK(batches[2].sample_frequency_hz == 10);
  CHECK(batches[2].samples == 10);
  CHECK(batches[3].start_time_ns == changed_ns + 1'000'000'000);
}

TEST_CASE("what cannot be done is rejected with a reason") {
  Rig rig;
  rig.run_s(1);
  given::to(rig, given::frequency(1, 26'668));
  given::to(rig, given::frequency(2, 0.001));
  rig.run_s(0.1);
  for (const sensor_v1_CommandAck& ack : rig.acks()) {
    CHECK(ack.outcome == sensor_v1_Outcome_OUTCOME_REJECTED);
    CHECK(ack.reason[0] != '\0');
    CHECK(ack.sample_frequency_hz == 100);
  }
  CHECK(rig.acks().size() == 2);
}

TEST_CASE("bytes that are no command are counted, and answered by nobody") {
  Rig rig;
  rig.run_s(1);
  rig.sensor->on_command({reinterpret_cast<const uint8_t*>("\xff\xff"), 2});
  rig.run_s(0.1);
  CHECK(rig.acks().empty());
  CHECK(rig.sensor->counters().bad_commands == 1);
  CHECK(rig.system.logs.back().level == hal::LogLevel::kWarning);
}

TEST_CASE("asleep it is connected and measures nothing, until Awake") {
  Rig rig;
  rig.run_s(1.505);
  given::to(rig, given::sleep(1, 0));
  rig.run_s(10);
  CHECK(rig.batches().size() == 2);
  CHECK(rig.status().state == sensor_v1_State_STATE_ASLEEP);
  CHECK(rig.acks().at(0).state == sensor_v1_State_STATE_ASLEEP);
  CHECK(rig.system.sleeps == std::vector<uint64_t>{0});
  given::to(rig, given::command(2, sensor_v1_Command_awake_tag));
  rig.run_s(1.1);
  CHECK(rig.status().state == sensor_v1_State_STATE_AWAKE);
  CHECK(rig.batches().size() == 3);
  CHECK(rig.batches()[2].sequence == 2);
}

TEST_CASE("it wakes by itself when that was said, also over a reboot") {
  Rig rig;
  rig.run_s(1);
  given::to(rig, given::sleep(1, 60));
  rig.run_s(59);
  CHECK(rig.sensor->state() == sensor_v1_State_STATE_ASLEEP);
  rig.run_s(2);
  CHECK(rig.sensor->state() == sensor_v1_State_STATE_AWAKE);

  given::to(rig, given::sleep(2, 60));
  const uint64_t wake_us = rig.system.sleeps.back();
  rig.run_s(10);
  rig.boot();
  REQUIRE(rig.system.sleeps.size() >= 2);
  CHECK(rig.system.sleeps.back() / 1000 == wake_us / 1000);  // the board may save power again
  rig.run_s(49);
  CHECK(rig.sensor->state() == sensor_v1_State_STATE_ASLEEP);
  rig.run_s(2);
  CHECK(rig.sensor->state() == sensor_v1_State_STATE_AWAKE);
}

TEST_CASE("a sleep of before the clock was known, or was set, ends in time also over a reboot") {
  Rig unknown;
  unknown.clock.synchronised = false;
  unknown.boot();
  unknown.run_s(1);
  given::to(unknown, given::sleep(1, 60));
  unknown.run_s(5);
  unknown.clock.synchronised = true;
  unknown.run_s(5);
  unknown.boot();
  unknown.run_s(49);
  CHECK(unknown.sensor->state() == sensor_v1_State_STATE_ASLEEP);
  unknown.run_s(2);
  CHECK(unknown.sensor->state() == sensor_v1_State_STATE_AWAKE);

  for (const int64_t step_s : {3'600, -3'600}) {
    CAPTURE(step_s);
    Rig set;
    set.run_s(1);
    given::to(set, given::sleep(1, 60));
    set.run_s(5);
    set.clock.step_ns = step_s * 1'000'000'000;
    set.run_s(5);
    set.boot();
    set.run_s(49);
    CHECK(set.sensor->state() == sensor_v1_State_STATE_ASLEEP);
    set.run_s(2);
    CHECK(set.sensor->state() == sensor_v1_State_STATE_AWAKE);
  }
}

TEST_CASE("frequency, sleep and the ids of commands survive a power cut") {
  Rig rig;
  rig.run_s(1);
  given::to(rig, given::frequency(1, 20));
  given::to(rig, given::sleep(2, 0));
  const uint32_t session = rig.sensor->session();
  rig.boot();
  rig.run_s(1);
  CHECK(rig.sensor->session() != session);
  CHECK(rig.sensor->sample_frequency_hz() == 20);
  CHECK(rig.sensor->state() == sensor_v1_State_STATE_ASLEEP);
  given::to(rig, given::frequency(1, 30));
  rig.run_s(0.1);
  CHECK(rig.acks().back().outcome == sensor_v1_Outcome_OUTCOME_DUPLICATE);
}

TEST_CASE("an answer that could not be said survives a power cut") {
  Rig rig;
  rig.run_s(1);
  rig.broker.answers = false;
  given::to(rig, given::frequency(1, 20));
  rig.run_s(1);
  CHECK(rig.acks().empty());
  rig.broker.answers = true;
  rig.boot();
  rig.run_s(1);
  REQUIRE(rig.acks().size() == 1);
  CHECK(rig.acks()[0].outcome == sensor_v1_Outcome_OUTCOME_APPLIED);
  CHECK(rig.acks()[0].command_id[0] == 1);
  rig.boot();
  rig.run_s(1);
  CHECK(rig.acks().size() == 1);  // once the broker holds it, it is not said again
}

TEST_CASE("a reboot answers first, keeps what nobody holds, and begins a new session") {
  Rig rig({100, 1, 16 * 1024, 8 * 1024, 64 * 1024});
  rig.run_s(2.5);
  const uint32_t session = rig.sensor->session();
  rig.broker.reason = hal::kReasonNoMatchingSubscribers;
  rig.run_s(2);
  given::to(rig, given::command(1, sensor_v1_Command_reboot_tag));
  rig.run_s(4);  // nobody takes the answer: it goes all the same
  CHECK(rig.sensor->session() != session);
  rig.broker.reason = hal::kReasonSuccess;
  rig.run_s(3);
  REQUIRE(rig.acks().size() == 1);
  CHECK(rig.acks()[0].outcome == sensor_v1_Outcome_OUTCOME_APPLIED);
  std::vector<bool> seen(20);
  uint64_t last = 0;
  for (const Batch& batch : rig.batches()) {
    if (batch.session == session) {
      seen.at(batch.sequence) = true;
      last = std::max(last, batch.sequence);
    }
  }
  for (uint64_t sequence = 0; sequence <= last; ++sequence) {
    CHECK(seen[sequence]);
  }
  CHECK(last >= 4);
}

TEST_CASE("Resend publishes the same bytes again, and says what is gone") {
  Rig rig;
  rig.run_s(5.05);
  const std::vector<std::string> before = rig.broker.of("measurements");
  given::to(rig, given::resend(1, rig.sensor->session(), 1, 3));
  rig.run_s(0.1);
  const std::vector<std::string> after = rig.broker.of("measurements");
  REQUIRE(after.size() == before.size() + 3);
  for (size_t number = 1; number <= 3; ++number) {
    CHECK(after[before.size() + number - 1] == before[number]);
  }
  CHECK(rig.acks().at(0).outcome == sensor_v1_Outcome_OUTCOME_APPLIED);
  given::to(rig, given::resend(2, rig.sensor->session(), 3, 12));
  rig.run_s(0.1);
  CHECK(rig.acks().at(1).outcome == sensor_v1_Outcome_OUTCOME_REJECTED);
  CHECK(std::string(rig.acks().at(1).reason) == "8 of 10 batches are no longer buffered");
  CHECK(rig.sensor->counters().batches_resent == 5);
  CHECK(rig.sensor->counters().batches_acknowledged == 5);
}

TEST_CASE("Resend of all sequences that there can be counts what is missing") {
  Rig rig;
  rig.run_s(5.05);
  const uint32_t session = rig.sensor->session();
  given::to(rig, given::resend(1, session + 1, 0, UINT64_MAX));
  given::to(rig, given::resend(2, session, 0, UINT64_MAX));
  given::to(rig, given::resend(3, session, 1, UINT64_MAX));
  rig.run_s(0.1);
  REQUIRE(rig.acks().size() == 3);
  for (const sensor_v1_CommandAck& ack : rig.acks()) {
    CHECK(ack.outcome == sensor_v1_Outcome_OUTCOME_REJECTED);
  }
  CHECK(std::string(rig.acks()[0].reason) ==
        "18446744073709551615 of 18446744073709551615 batches are no longer buffered");
  CHECK(std::string(rig.acks()[1].reason) ==
        "18446744073709551610 of 18446744073709551615 batches are no longer buffered");
  CHECK(std::string(rig.acks()[2].reason) ==
        "18446744073709551611 of 18446744073709551615 batches are no longer buffered");
}

TEST_CASE("Identify shows the lamp; TriggerAlarm is a warning in the log") {
  Rig rig;
  rig.run_s(0.1);
  given::to(rig, given::command(1, sensor_v1_Command_identify_tag));
  sensor_v1_Command alarm = given::command(2, sensor_v1_Command_trigger_alarm_tag);
  alarm.command.trigger_alarm.alarm_id.size = 3;
  std::memcpy(alarm.command.trigger_alarm.alarm_id.bytes, "a-7", 3);
  alarm.command.trigger_alarm.action.size = 4;
  std::memcpy(alarm.command.trigger_alarm.action.bytes, "stop", 4);
  alarm.command.trigger_alarm.severity = 500;
  given::to(rig, alarm);
  rig.run_s(0.1);
  CHECK(rig.system.lamps.back() == hal::Lamp::kIdentify);
  const auto log = sim::decode<sensor_v1_Log>(sensor_v1_Log_fields, rig.broker.of("logs").back());
  CHECK(log.level == sensor_v1_LogLevel_LOG_LEVEL_WARNING);
  CHECK(std::string(log.message) == "alarm a-7: stop");
}
