#include <doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>

#include "core/timebase.h"

namespace {

constexpr uint64_t kStartUs = 3'600'000'000;

/// A device whose oscillator is off, read every so often, and what was seen of the timebase at each batch of
/// a second.
struct Simulation {
  double nominal_hz = 26'667;
  double error = 0.05;  ///< of the oscillator
  double drift_per_s = 0;  ///< of the error: warmth
  double read_interval_us = 9600;  ///< 256 frames at 26.667 kHz
  double first_frame_us = 3000;  ///< after the start: turning on takes time
  std::function<double()> latency_us = [] { return 0.0; };  ///< of a reading's time; may be negative
  uint64_t lost_from = UINT64_MAX;  ///< from this frame on, so many are lost and nobody says so
  uint64_t lost = 0;

  // What was seen once locked (and `settle_s` later).
  double settle_s = 10;
  double largest_step = 0;       ///< of a batch's start from where the one before it ended, in samples
  double largest_late_us = 0;    ///< of a batch's start from the truth
  int changes = 0;               ///< of the frequency
  double frequency_error = 0;    ///< at the end
  double first_batch_error = 0;  ///< of the first batch's frequency
  double locked_s = 0;

  double true_hz(double s) const { return nominal_hz * (1 + error + drift_per_s * s); }
  double frames_at(double s) const { return nominal_hz * s * (1 + error + drift_per_s * s / 2); }

  void run(sensor::Timebase& timebase, double duration_s, uint64_t start_us = kStartUs) {
    timebase.begin(start_us, nominal_hz);
    const double origin_us = static_cast<double>(start_us) + first_frame_us;
    const auto batch = static_cast<uint64_t>(std::max(1.0, nominal_hz));
    std::optional<double> end_ns;
    uint64_t batch_index = 0;
    uint64_t read = 0;
    double hz = timebase.sample_frequency_hz();
    for (double s = read_interval_us / 1e6; s < duration_s; s += read_interval_us / 1e6) {
      auto newest = static_cast<uint64_t>(frames_at(s));
      if (newest == read) {
        continue;
      }
      read = newest;
      newest -= newest >= lost_from ? lost : 0;
      timebase.observe(newest, static_cast<uint64_t>(origin_us + s * 1e6 + latency_us()));
      locked_s = locked_s == 0 && timebase.locked() ? s : locked_s;
      const bool watched = timebase.locked() && s > locked_s + settle_s;
      changes += watched && timebase.sample_frequency_hz() != hz ? 1 : 0;
      hz = timebase.sample_frequency_hz();
      for (; newest + 1 >= batch_index + batch; batch_index += batch) {
        const auto start_ns = static_cast<double>(timebase.time_ns(batch_index));
        if (watched && end_ns.has_value()) {
          largest_step = std::max(largest_step, std::fabs(start_ns - *end_ns) * nominal_hz / 1e9);
          largest_late_us =
              std::max(largest_late_us, std::fabs(start_ns / 1e3 - origin_us - true_us(batch_index)));
        }
        first_batch_error = batch_index == 0 ? hz / true_hz(s) - 1 : first_batch_error;
        end_ns = start_ns + static_cast<double>(batch) * 1e9 / hz;
      }
    }
    frequency_error = hz / true_hz(duration_s) - 1;
  }

  /// When a frame was taken, after the first one.
  double true_us(uint64_t index) const {
    const double frame = static_cast<double>(index + (index >= lost_from ? lost : 0));
    double s = frame / nominal_hz;
    for (int round = 0; round < 20; ++round) {
      s += (frame - frames_at(s)) / true_hz(s);
    }
    return s * 1e6;
  }
};

/// A reading comes late by some time that is mostly short: a task that was busy.
std::function<double()> late(double mean_us, uint32_t seed) {
  return [random = std::mt19937(seed), latency = std::exponential_distribution<>(1 / mean_us)]() mutable {
    return latency(random);
  };
}

}  // namespace

TEST_CASE("an oscillator that is off by up to 5 % is found, with interrupts that come late by microseconds") {
  for (const double error : {-0.05, -0.01, 0.0003, 0.02, 0.05}) {
    Simulation device;
    device.error = error;
    device.latency_us = late(5, 1);
    sensor::Timebase timebase;
    device.run(timebase, 120);
    CHECK(std::fabs(device.first_batch_error) < 500e-6);
    CHECK(device.locked_s < 20);
    CHECK(std::fabs(device.frequency_error) < 25e-6);
    CHECK(device.largest_step < 1);
    CHECK(device.largest_late_us < 10);
    CHECK(device.changes == 0);
  }
}

TEST_CASE("readings that come late by milliseconds do not move batches by more than a sample") {
  for (const double error : {-0.05, 0.0003, 0.05}) {
    for (const double mean_us : {300.0, 1000.0, 2000.0}) {
      Simulation device;
      device.error = error;
      device.latency_us = late(mean_us, 2);
      sensor::Timebase timebase;
      device.run(timebase, 200);
      CHECK(std::fabs(device.frequency_error) < 25e-6);
      CHECK(device.largest_step < 1);
      CHECK(device.largest_late_us < 150);
      CHECK(device.changes <= 1);
    }
  }
}

TEST_CASE("readings that stall now and then are not believed") {
  Simulation device;
  device.latency_us = [random = std::mt19937(3)]() mutable { return random() % 100 == 0 ? 100'000.0 : 0.0; };
  sensor::Timebase timebase;
  device.run(timebase, 120);
  CHECK(std::fabs(device.frequency_error) < 25e-6);
  CHECK(device.largest_step < 1);
  CHECK(device.largest_late_us < 20);
  CHECK(device.changes == 0);
}

TEST_CASE("slow sources converge, too") {
  for (const double nominal_hz : {1.0, 10.0, 100.0, 1000.0}) {
    Simulation device;
    device.nominal_hz = nominal_hz;
    device.error = 0.031;
    device.read_interval_us = 10'000;
    device.latency_us = late(100, 4);
    device.settle_s = 200;
    sensor::Timebase timebase;
    device.run(timebase, 1000);
    CHECK(std::fabs(device.frequency_error) < 100e-6);
    CHECK(device.largest_step < 1);
    CHECK(device.largest_late_us < 15'000);  // a reading sees a frame up to 10 ms late, or a period
  }
}

TEST_CASE("one frequency for all batches, though readings are uncertain") {
  Simulation device;
  device.nominal_hz = 4000;
  device.error = -0.02;
  device.latency_us = late(500, 5);
  device.settle_s = 40;
  sensor::Timebase timebase;
  device.run(timebase, 600);
  CHECK(device.changes == 0);
  CHECK(std::fabs(device.frequency_error) <= 60e-6);
}

TEST_CASE("an oscillator that warms up is followed in few steps, and time stays right") {
  Simulation device;
  device.nominal_hz = 4000;
  device.error = 0.01;
  device.drift_per_s = 1e-6;  // 300 ppm in five minutes
  device.latency_us = late(50, 6);
  sensor::Timebase timebase;
  device.run(timebase, 300);
  CHECK(device.changes >= 3);
  CHECK(device.changes <= 12);
  CHECK(std::fabs(device.frequency_error) < 120e-6);
  CHECK(device.largest_step < 1);
  CHECK(device.largest_late_us < 2000);
}

TEST_CASE("what was learnt of an oscillator holds for the next run, at any frequency") {
  Simulation device;
  device.latency_us = late(50, 7);
  sensor::Timebase timebase;
  device.run(timebase, 60);

  Simulation again;
  again.nominal_hz = 1600;
  again.first_frame_us = 20'000;
  again.latency_us = late(50, 8);
  again.run(timebase, 30, kStartUs + 100'000'000);
  CHECK(std::fabs(again.first_batch_error) < 60e-6);
  CHECK(std::fabs(again.frequency_error) < 60e-6);
  CHECK(again.largest_late_us < 50);
}

TEST_CASE("frames that are lost without a word are noticed, and time is right again") {
  Simulation device;
  device.latency_us = late(20, 9);
  device.lost_from = 26'667 * 60;
  device.lost = 26'667 / 2;
  sensor::Timebase timebase;
  device.run(timebase, 200);
  CHECK(std::fabs(device.frequency_error) < 25e-6);
  const uint64_t index = 26'667 * 190;
  const double truth_us = static_cast<double>(kStartUs) + device.first_frame_us + device.true_us(index);
  CHECK(std::fabs(static_cast<double>(timebase.time_ns(index)) / 1e3 - truth_us) < 100);
}

TEST_CASE("before anything was read, frames are where the nominal frequency has them") {
  sensor::Timebase timebase;
  timebase.begin(1000, 2000);
  CHECK(timebase.sample_frequency_hz() == 2000);
  CHECK(timebase.time_ns(0) == 1'000'000);
  CHECK(timebase.time_ns(3) == 2'500'000);
  CHECK_FALSE(timebase.locked());
}

TEST_CASE("readings that are nonsense leave finite, bounded values") {
  sensor::Timebase timebase;
  timebase.begin(kStartUs, 1000);
  std::mt19937_64 random(10);
  uint64_t index = 0;
  for (int reading = 0; reading < 20'000; ++reading) {
    index += 1 + random() % 1000;
    timebase.observe(index, kStartUs + random() % 1'000'000'000);
  }
  CHECK(timebase.sample_frequency_hz() >= 1000 / 1.21);
  CHECK(timebase.sample_frequency_hz() <= 1000 / 0.79);
}
