#include <doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

#include "core/decimator.h"

namespace {

constexpr double kTurn = 2 * 3.14159265358979323846;

/// One channel through a decimator.
std::vector<int16_t> decimated(const std::vector<int16_t>& input, double input_hz, double output_hz) {
  sensor::Decimator decimator;
  decimator.begin(1, input_hz, output_hz);
  std::vector<int16_t> output;
  int16_t out = 0;
  for (const int16_t value : input) {
    if (decimator.add(&value, &out)) {
      output.push_back(out);
    }
  }
  return output;
}

std::vector<int16_t> noise(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int16_t> values(count);
  for (int16_t& value : values) {
    value = static_cast<int16_t>(random());
  }
  return values;
}

std::vector<int16_t> sine(size_t count, double input_hz, double frequency_hz) {
  std::vector<int16_t> values(count);
  for (size_t at = 0; at < count; ++at) {
    values[at] = static_cast<int16_t>(
        std::lround(10'000 * std::sin(kTurn * frequency_hz * static_cast<double>(at) / input_hz)));
  }
  return values;
}

int largest(const std::vector<int16_t>& values) {
  int most = 0;
  for (const int16_t value : values) {
    most = std::max(most, std::abs(value));
  }
  return most;
}

}  // namespace

TEST_CASE("at the device's own rate every frame passes as it is") {
  const std::vector<int16_t> input = noise(5000, 1);
  CHECK(decimated(input, 3200, 3200) == input);
  CHECK(decimated(input, 3200, 5000) == input);  // more than there is cannot be had
  CHECK(decimated(input, 3200, 0) == input);
  CHECK(decimated(input, 3200, std::nan("")) == input);
}

TEST_CASE(
    "an output frame is complete with the last input frame of its interval, at any ratio, without drift") {
  std::mt19937 random(2);
  for (const double output_hz : {3199.9, 1600.0, 1000.0, 999.999, 317.0, 3.0, 0.8}) {
    const double input_hz = 3200;
    sensor::Decimator decimator;
    decimator.begin(1, input_hz, output_hz);
    uint64_t outputs = 0;
    int16_t out = 0;
    bool exact = true;
    for (uint64_t inputs = 1; inputs <= 200'000; ++inputs) {
      const auto value = static_cast<int16_t>(random());
      outputs += decimator.add(&value, &out) ? 1 : 0;
      // where an interval ends with a frame exactly, rounding may see it one frame later
      const double expected = static_cast<double>(inputs) * output_hz / input_hz;
      exact = exact && outputs >= static_cast<uint64_t>(expected - 1e-9) &&
              outputs <= static_cast<uint64_t>(expected + 1e-9);
    }
    CHECK(exact);
  }
}

TEST_CASE("an output frame is the mean of its input frames, half away from zero") {
  CHECK(decimated({1, 2, -1, -2, 3, 4, 32767, 32767, -32768, -32768}, 2, 1) ==
        std::vector<int16_t>{2, -2, 4, 32767, -32768});
  CHECK(decimated({1, 0, 0, 1, 1, 0, -1, -1, 0, 0, -1, 0}, 3, 1) == std::vector<int16_t>{0, 1, -1, 0});
  const std::vector<int16_t> input = noise(32 * 1000, 3);
  const std::vector<int16_t> output = decimated(input, 3200, 100);
  REQUIRE(output.size() == 1000);
  std::vector<int16_t> expected;
  for (size_t at = 0; at < input.size(); at += 32) {
    double sum = 0;
    for (size_t index = 0; index < 32; ++index) {
      sum += input[at + index];
    }
    expected.push_back(static_cast<int16_t>(std::round(sum / 32)));
  }
  CHECK(output == expected);
}

TEST_CASE("channels do not mix") {
  sensor::Decimator decimator;
  decimator.begin(hal::kMaximumChannels, 1000, 250);
  std::array<int16_t, hal::kMaximumChannels> frame{};
  std::array<int16_t, hal::kMaximumChannels> out{};
  for (int round = 0; round < 8; ++round) {
    for (size_t channel = 0; channel < frame.size(); ++channel) {
      frame[channel] = static_cast<int16_t>(static_cast<int>(channel) * 1000 - 7000);
    }
    if (decimator.add(frame.data(), out.data())) {
      CHECK(out == frame);
    }
  }
}

TEST_CASE("what would be an alias of nothing is gone, what is slow stays") {
  CHECK(largest(decimated(sine(32'000, 3200, 100), 3200, 100)) <= 1);
  CHECK(largest(decimated(sine(32'000, 3200, 200), 3200, 100)) <= 1);
  CHECK(largest(decimated(sine(32'000, 3200, 1), 3200, 100)) >= 9990);
}

TEST_CASE("hours of full scale at the slowest rate do not overflow") {
  const double input_hz = 26'667;
  sensor::Decimator decimator;
  decimator.begin(1, input_hz, 0.01);
  const int16_t value = -32768;
  int16_t out = 0;
  uint64_t inputs = 1;
  for (; !decimator.add(&value, &out); ++inputs) {
  }
  CHECK(inputs == 2'666'700);
  CHECK(out == -32768);
}

TEST_CASE("a new beginning forgets the open interval") {
  sensor::Decimator decimator;
  int16_t out = 0;
  const int16_t high = 1000;
  const int16_t low = -2;
  decimator.begin(1, 4, 1);
  decimator.add(&high, &out);
  decimator.begin(1, 2, 1);
  CHECK_FALSE(decimator.add(&low, &out));
  CHECK(decimator.add(&low, &out));
  CHECK(out == -2);
}
