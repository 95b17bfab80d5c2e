// Devices that pace themselves: their oscillator is off, their FIFO overruns, they do not answer.
#include <doctest.h>

#include <cstdlib>

#include "commands.h"
#include "sim/fifo.h"

using sim::Batch;
using sim::Rig;

TEST_CASE("batches carry the frequency that the device really has, and follow each other without a step") {
  for (const double error : {-0.03, 0.0, 0.0004, 0.02}) {
    CAPTURE(error);
    sim::Fifo fifo(error, 4096);
    Rig rig({6'400, 0.25}, &fifo);
    rig.run_s(60);
    const std::vector<Batch> batches = rig.batches();
    REQUIRE(batches.size() > 200);
    for (size_t number = 100; number < batches.size(); ++number) {
      CHECK(batches[number].sample_frequency_hz == doctest::Approx(fifo.true_hz).epsilon(100e-6));
      const Batch& before = batches[number - 1];
      const double ends_ns = static_cast<double>(before.start_time_ns) +
                             static_cast<double>(before.samples) * 1e9 / before.sample_frequency_hz;
      // less than a sample
      CHECK(std::abs(ends_ns - static_cast<double>(batches[number].start_time_ns)) < 1e9 / 6'400);
    }
    CHECK(rig.sensor->counters().overruns == 0);
    // and it still is where the clock is
    const Batch& last = batches.back();
    CHECK(std::llabs(last.start_time_ns + static_cast<int64_t>(static_cast<double>(last.samples) * 1e9 / fifo.true_hz) - rig.now_ns()) <
          300'000'000);
  }
}

TEST_CASE("an overrun ends the batch, begins a run and is counted") {
  sim::Fifo fifo(0, 512);
  Rig rig({6'400, 0.5}, &fifo);
  rig.run_s(1.7);
  const size_t before = rig.batches().size();
  rig.clock.us += 300'000;  // flash was busy: 1,920 samples, of which the FIFO kept 512
  rig.run_s(3);
  const std::vector<Batch> batches = rig.batches();
  REQUIRE(batches.size() >= before + 3);
  CHECK(rig.sensor->counters().overruns == 1);
  const Batch& cut = batches[before];
  const Batch& next = batches[before + 1];
  CHECK(cut.samples < 3'200);
  CHECK(next.samples == 3'200);
  CHECK(next.sequence == cut.sequence + 1);
  const double gap_s = static_cast<double>(next.start_time_ns - cut.start_time_ns) / 1e9 -
                       static_cast<double>(cut.samples) / cut.sample_frequency_hz;
  CHECK(gap_s == doctest::Approx((0.3 * 6'400 - 512) / 6'400).epsilon(0.1));
}

TEST_CASE("a device that does not answer is asked again, and the sensor is connected all the while") {
  sim::Fifo fifo(0, 512);
  fifo.answers = false;
  Rig rig({1'000}, &fifo);
  rig.run_s(15);
  CHECK(rig.batches().empty());
  CHECK(rig.sensor->connected());
  CHECK(rig.system.logs.back().level == hal::LogLevel::kError);
  CHECK(rig.system.lamps.back() == hal::Lamp::kError);
  fifo.answers = true;
  rig.run_s(12);
  CHECK(!rig.batches().empty());
  CHECK(rig.system.lamps.back() == hal::Lamp::kConnected);  // it measures, and says so
}

TEST_CASE("a device that goes silent is said to the cloud and begun anew") {
  sim::Fifo fifo(0, 512);
  Rig rig({1'000}, &fifo);
  rig.run_s(3);
  fifo.silent = true;
  rig.run_s(25);
  size_t errors = 0;
  for (const std::string& payload : rig.broker.of("logs")) {
    const auto log = sim::decode<sensor_v1_Log>(sensor_v1_Log_fields, payload);
    errors += log.level == sensor_v1_LogLevel_LOG_LEVEL_ERROR ? 1U : 0U;
  }
  CHECK(errors == 2);  // one every ten seconds
  const size_t before = rig.batches().size();
  fifo.silent = false;
  rig.run_s(12);
  const std::vector<Batch> batches = rig.batches();
  REQUIRE(batches.size() > before);
  for (size_t number = 0; number < batches.size(); ++number) {
    CHECK(batches[number].sequence == number);
  }
}
