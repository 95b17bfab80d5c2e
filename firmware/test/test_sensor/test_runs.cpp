// What a sensor that nothing happens to says, and when its samples were taken.
#include <doctest.h>

#include <cmath>

#include "commands.h"

using sim::Batch;
using sim::Rig;

TEST_CASE("after connecting it says who and how it is, retained, and logs its session") {
  Rig rig;
  rig.run_s(0.1);
  REQUIRE(rig.broker.got.size() >= 3);
  CHECK(rig.broker.got[0].level == "birth");
  CHECK(rig.broker.got[0].retain);
  CHECK(rig.broker.got[1].level == "status");
  CHECK(rig.broker.got[1].retain);
  const auto birth = sim::decode<sensor_v1_Birth>(sensor_v1_Birth_fields, rig.broker.of("birth").at(0));
  CHECK(std::string(birth.serial_number) == "sim-1");
  CHECK(birth.session == rig.sensor->session());
  CHECK(birth.sample_frequency_hz == 100);
  CHECK(birth.maximum_sample_frequency_hz == 26'667);
  CHECK(birth.channels_count == 3);
  CHECK(birth.state == sensor_v1_State_STATE_AWAKE);
  CHECK(birth.time_ns > sim::kEpochNs);
  const auto status = rig.status();
  CHECK(status.rssi_dbm == -61);
  CHECK(status.free_memory_bytes == 123'456);
  CHECK(!status.has_battery_percent);
  CHECK(!status.has_last_sequence);
  const auto log = sim::decode<sensor_v1_Log>(sensor_v1_Log_fields, rig.broker.of("logs").at(0));
  CHECK(std::string(log.message) == "session " + std::to_string(rig.sensor->session()));
  CHECK(log.time_ns >= sim::kEpochNs);
  CHECK(rig.system.confirmed == 1);
}

TEST_CASE("its last will is a retained status without a time") {
  Rig rig;
  rig.run_s(0.1);
  CHECK(rig.broker.will.level == "sensors/sim-1/status");
  CHECK(rig.broker.will.retain);
  const auto will = sim::decode<sensor_v1_Status>(sensor_v1_Status_fields, rig.broker.will.payload);
  CHECK(will.state == sensor_v1_State_STATE_OFFLINE);
  CHECK(will.time_ns == 0);
  CHECK(will.session == rig.sensor->session());
}

TEST_CASE("batches are dense, and their times never drift") {
  for (const double hz : {0.5, 3.0, 100.0, 1000.0 / 3, 1000.0}) {
    CAPTURE(hz);
    Rig rig({hz});
    const int64_t booted_ns = rig.now_ns();
    rig.run_s(10);
    const std::vector<Batch> batches = rig.batches();
    REQUIRE(!batches.empty());
    uint64_t index = 0;
    for (size_t number = 0; number < batches.size(); ++number) {
      CHECK(batches[number].sequence == number);
      CHECK(batches[number].session == rig.sensor->session());
      CHECK(batches[number].sample_frequency_hz == hz);
      CHECK(batches[number].channels == 3);
      CHECK(batches[number].samples == static_cast<size_t>(std::max(1.0, std::floor(hz))));
      CHECK(batches[number].start_time_ns == sensor::sample_time_ns(booted_ns, index, hz));
      index += batches[number].samples;
    }
    // the last sample of a batch completes it
    CHECK(index >= static_cast<uint64_t>(hz * 9));
  }
}

TEST_CASE("a batch holds what fits into a message") {
  Rig rig({26'667});
  rig.run_s(2);
  const std::vector<Batch> batches = rig.batches();
  REQUIRE(batches.size() > 20);
  size_t samples = 0;
  for (const std::string& payload : rig.broker.of("measurements")) {
    CHECK(payload.size() <= 8 * 1024);
    CHECK(payload.size() > 7 * 1024);
  }
  for (const Batch& batch : batches) {
    samples += batch.samples;
  }
  CHECK(samples > 50'000);
  CHECK(rig.sensor->counters().batches_lost == 0);
}

TEST_CASE("the status comes every 30 seconds") {
  Rig rig;
  rig.run_s(1);
  const size_t before = rig.broker.of("status").size();
  rig.run_s(90);
  CHECK(rig.broker.of("status").size() == before + 3);
  CHECK(rig.status().uptime_ms >= 90'000);
  CHECK(rig.status().last_sequence >= 88);
  CHECK(rig.system.fed >= 90);
}

TEST_CASE("a clean stop closes the batch, says goodbye and leaves no last will") {
  Rig rig;
  rig.run_s(1.505);
  rig.sensor->stop();
  rig.run_s(0.1);
  CHECK(rig.sensor->stopped());
  CHECK(rig.broker.goodbyes == 1);
  CHECK(rig.status().state == sensor_v1_State_STATE_OFFLINE);
  CHECK(rig.status().buffered_batches == 0);
  REQUIRE(rig.batches().size() == 2);
  CHECK(rig.batches()[1].samples == 51);
}

TEST_CASE("a clean stop waits until the broker holds everything") {
  Rig rig;
  rig.broker.answers = false;
  rig.run_s(2.5);
  rig.sensor->stop();
  rig.run_s(5);
  CHECK(!rig.sensor->stopped());
  rig.broker.answers = true;
  rig.run_s(0.1);
  CHECK(rig.sensor->stopped());
  CHECK(rig.batches().size() == 3);
}

TEST_CASE("positions come from the receiver, while they are fresh") {
  Rig rig;
  rig.gps.said = "$GPGGA,120000.00,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*";
  uint8_t checksum = 0;
  for (size_t at = 1; rig.gps.said[at] != '*'; ++at) {
    checksum = static_cast<uint8_t>(checksum ^ static_cast<uint8_t>(rig.gps.said[at]));
  }
  char digits[8];
  std::snprintf(digits, sizeof digits, "%02X\r\n", checksum);
  rig.gps.said += digits;
  rig.run_s(20);
  const std::vector<Batch> batches = rig.batches();
  CHECK(batches.front().has_position);
  CHECK(!batches.back().has_position);
}
