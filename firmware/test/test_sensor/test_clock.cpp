// Clocks that are not set yet, that are set, and that drift; devices that pace themselves.
#include <doctest.h>

#include <cstdlib>

#include "commands.h"
#include "sim/fifo.h"

using sim::Batch;
using sim::Rig;

TEST_CASE("while the clock is not synchronised no batch is made, and births and statuses have no time") {
  Rig rig;
  rig.clock.synchronised = false;
  rig.boot();
  rig.run_s(5);
  CHECK(rig.batches().empty());
  CHECK(rig.broker.of("logs").empty());
  CHECK(sim::decode<sensor_v1_Birth>(sensor_v1_Birth_fields, rig.broker.of("birth").at(0)).time_ns == 0);
  CHECK(rig.status().time_ns == 0);
  rig.clock.synchronised = true;
  rig.run_s(1.1);
  REQUIRE(rig.batches().size() == 1);
  CHECK(sim::decode<sensor_v1_Birth>(sensor_v1_Birth_fields, rig.broker.of("birth").back()).time_ns > sim::kEpochNs);
  CHECK(rig.status().time_ns > sim::kEpochNs);
  // the line of the boot has the time of the boot
  const auto log = sim::decode<sensor_v1_Log>(sensor_v1_Log_fields, rig.broker.of("logs").at(0));
  CHECK(log.time_ns < rig.batches()[0].start_time_ns - 4'000'000'000);
}

TEST_CASE("a clean stop does not wait for a clock") {
  Rig rig;
  rig.clock.synchronised = false;
  rig.boot();
  rig.run_s(5);
  rig.sensor->stop();
  rig.run_s(0.1);
  CHECK(rig.sensor->stopped());
  CHECK(rig.status().state == sensor_v1_State_STATE_OFFLINE);
  CHECK(rig.broker.goodbyes == 1);
}

TEST_CASE("a step of the clock closes the batch and begins a run, forwards and backwards") {
  for (const int64_t step_s : {3'600, -3'600}) {
    CAPTURE(step_s);
    Rig rig;
    rig.run_s(2.505);
    const size_t before = rig.batches().size();
    rig.clock.step_ns = step_s * 1'000'000'000;
    rig.run_s(3);
    const std::vector<Batch> batches = rig.batches();
    REQUIRE(batches.size() >= before + 3);
    CHECK(batches[before].samples >= 51);  // what was taken before the step is noticed
    CHECK(batches[before].samples < 100);
    const int64_t gap_ns = batches[before + 1].start_time_ns - batches[before].start_time_ns;
    CHECK(static_cast<double>(gap_ns) / 1e9 == doctest::Approx(static_cast<double>(step_s)).epsilon(0.01));
    CHECK(batches[before + 1].samples == 100);
    for (size_t number = 0; number < batches.size(); ++number) {
      CHECK(batches[number].sequence == number);
    }
    CHECK(rig.sensor->counters().clock_steps == 1);
    const std::string& line = rig.system.logs.back().message;
    CHECK(line.find(step_s > 0 ? "forwards" : "backwards") != std::string::npos);
  }
}

TEST_CASE("a drift is followed between batches, without a word") {
  Rig rig;
  rig.run_s(3);
  const size_t lines = rig.system.logs.size();
  rig.clock.step_ns = 30'000'000;
  rig.run_s(3);
  CHECK(rig.system.logs.size() == lines);
  CHECK(rig.sensor->counters().clock_steps == 0);
  const std::vector<Batch> batches = rig.batches();
  for (const Batch& batch : batches) {
    CHECK(batch.samples >= 99);
  }
  const Batch& last = batches.back();
  CHECK(rig.now_ns() - last.start_time_ns < 2'010'000'000);
  CHECK(rig.sensor->counters().batches_lost == 0);
}

TEST_CASE("no sample is lost where the clock drifts or is set, whatever paces them and however late it is noticed") {
  for (const bool self_paced : {false, true}) {
    for (const int64_t step_ms : {30, -30, 3'600'000, -3'600'000}) {
      const int64_t step_ns = step_ms * 1'000'000;
      CAPTURE(self_paced);
      CAPTURE(step_ms);
      sim::Fifo fifo(0, 4096);
      Rig rig({100, 1}, self_paced ? &fifo : nullptr);
      rig.run_s(3);
      rig.clock.step_ns = step_ns;
      rig.clock.us += 900'000;  // it was busy, or asleep until its next batch
      rig.run_s(4);
      const std::vector<Batch> batches = rig.batches();
      int64_t shifted_ns = 0;
      for (size_t number = 1; number < batches.size(); ++number) {
        const Batch& before = batches[number - 1];
        const int64_t gap_ns = batches[number].start_time_ns - before.start_time_ns -
                               static_cast<int64_t>(before.samples) * 10'000'000;
        shifted_ns += gap_ns;
        CHECK((std::llabs(gap_ns) < 1'000'000 || std::llabs(gap_ns - step_ns) < 1'000'000));
      }
      CHECK(std::llabs(shifted_ns - step_ns) < 1'000'000);  // once
      CHECK(rig.sensor->counters().overruns == 0);
    }
  }
}
