#include <doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "core/synthetic.h"
#include "core/timebase.h"

namespace {

std::vector<int16_t> read(sensor::Synthetic& source, size_t maximum_frames, uint64_t now_us) {
  std::vector<int16_t> frames(maximum_frames * source.info().channel_count);
  const hal::Reading reading = source.read(frames.data(), maximum_frames, now_us);
  frames.resize(reading.frames * source.info().channel_count);
  return frames;
}

// The amplitude of one frequency in one channel, in counts: a single term of the Fourier sum.
double amplitude(const std::vector<int16_t>& frames, size_t channels, size_t channel,
                 double cycles_per_sample) {
  double real = 0;
  double imaginary = 0;
  const size_t count = frames.size() / channels;
  for (size_t i = 0; i < count; ++i) {
    const double angle = 2 * 3.14159265358979323846 * cycles_per_sample * static_cast<double>(i);
    real += frames[i * channels + channel] * std::cos(angle);
    imaginary += frames[i * channels + channel] * std::sin(angle);
  }
  return 2 * std::hypot(real, imaginary) / static_cast<double>(count);
}

}  // namespace

TEST_CASE("sample k is there at start + k / frequency, not earlier, however often it is read") {
  sensor::Synthetic source;
  const double frequency_hz = 1000.0 / 3;
  const uint64_t start_us = 5'000'000'000;
  REQUIRE(source.start(frequency_hz, start_us));
  uint64_t seen = 0;
  for (uint64_t us = 0; us < 2'000'000; us += 977) {
    seen += read(source, 10, start_us + us).size() / 3;
    CHECK(seen == static_cast<uint64_t>(std::floor(static_cast<double>(us) * frequency_hz / 1e6)) + 1);
  }
  CHECK(source.taken() == seen);
}

TEST_CASE("the first sample is taken at once, and none before the start") {
  sensor::Synthetic source;
  REQUIRE(source.start(0.01, 1000));
  CHECK(read(source, 10, 999).empty());
  CHECK(read(source, 10, 1000).size() == 3);
  CHECK(read(source, 10, 1000 + 99'999'999).empty());
  CHECK(read(source, 10, 1000 + 100'000'000).size() == 3);
}

TEST_CASE("whoever reads late gets everything, in pieces of any size, and the same as who reads often") {
  sensor::Synthetic often;
  sensor::Synthetic late;
  REQUIRE(often.start(26'667, 0));
  REQUIRE(late.start(26'667, 0));
  std::vector<int16_t> expected;
  for (uint64_t us = 0; us <= 100'000; us += 500) {
    const auto frames = read(often, 1000, us);
    expected.insert(expected.end(), frames.begin(), frames.end());
  }
  std::vector<int16_t> pieces;
  for (size_t size = 1;; size = size % 97 + 1) {
    const auto frames = read(late, size, 100'000);
    if (frames.empty()) break;
    pieces.insert(pieces.end(), frames.begin(), frames.end());
  }
  CHECK(expected.size() == 3 * 2667);
  CHECK(pieces == expected);
}

TEST_CASE("a run is repeated by its seed, and another seed gives other noise") {
  sensor::SyntheticOptions options;
  sensor::Synthetic source(options);
  REQUIRE(source.start(1000, 0));
  const auto first = read(source, 500, 1'000'000);
  REQUIRE(source.start(1000, 7));
  CHECK(read(source, 500, 1'000'007) == first);
  options.seed = 2;
  sensor::Synthetic other(options);
  REQUIRE(other.start(1000, 0));
  CHECK(read(other, 500, 1'000'000) != first);
}

TEST_CASE("the fundamental and its harmonics have their amplitudes, within one percent") {
  sensor::SyntheticOptions options;
  options.frequency_hz = 50;
  options.amplitude = 8000;
  sensor::Synthetic source(options);
  REQUIRE(source.start(1000, 0));
  const auto frames = read(source, 10'000, 20'000'000);
  REQUIRE(frames.size() == 30'000);
  for (size_t channel = 0; channel < 3; ++channel) {
    CHECK(amplitude(frames, 3, channel, 0.05) == doctest::Approx(8000).epsilon(0.01));
    CHECK(amplitude(frames, 3, channel, 0.10) == doctest::Approx(4000).epsilon(0.01));
    CHECK(amplitude(frames, 3, channel, 0.15) == doctest::Approx(2000).epsilon(0.01));
    CHECK(amplitude(frames, 3, channel, 0.20) < 10);
  }
}

TEST_CASE("without noise the counts are the sines', to a few counts") {
  sensor::SyntheticOptions options;
  options.channel_count = 1;
  options.frequency_hz = 61.7;
  options.amplitude = 16'000;
  options.noise = 0;
  sensor::Synthetic source(options);
  REQUIRE(source.start(4000, 0));
  const auto frames = read(source, 20'000, 10'000'000);
  REQUIRE(frames.size() == 20'000);
  double largest = 0;
  for (size_t i = 0; i < frames.size(); ++i) {
    const double angle = 2 * 3.14159265358979323846 * 61.7 * static_cast<double>(i) / 4000;
    const double value = 16'000 * (std::sin(angle) + std::sin(2 * angle) / 2 + std::sin(3 * angle) / 4);
    largest = std::max(largest, std::abs(frames[i] - value));
  }
  CHECK(largest < 6);
}

TEST_CASE("nothing at or above half the sample frequency is in the signal") {
  sensor::SyntheticOptions options;
  options.frequency_hz = 50;
  options.noise = 0;
  sensor::Synthetic source(options);
  REQUIRE(source.start(100, 0));
  for (const int16_t count : read(source, 1000, 100'000'000)) CHECK(count == 0);
  REQUIRE(source.start(250, 0));  // the fundamental and the second harmonic
  const auto frames = read(source, 1000, 100'000'000);
  CHECK(amplitude(frames, 3, 0, 0.2) == doctest::Approx(2048).epsilon(0.01));
  CHECK(amplitude(frames, 3, 0, 0.4) == doctest::Approx(1024).epsilon(0.01));
}

TEST_CASE("noise is bounded, centred, and goes both ways") {
  sensor::SyntheticOptions options;
  options.amplitude = 0;
  options.noise = 100;
  sensor::Synthetic source(options);
  REQUIRE(source.start(1000, 0));
  const auto frames = read(source, 10'000, 20'000'000);
  double sum = 0;
  for (const int16_t count : frames) {
    CHECK(std::abs(count) <= 100);
    sum += count;
  }
  CHECK(std::abs(sum / static_cast<double>(frames.size())) < 1.5);
  CHECK(*std::max_element(frames.begin(), frames.end()) > 80);
  CHECK(*std::min_element(frames.begin(), frames.end()) < -80);
}

TEST_CASE("the largest amplitude is cut at int16's ends, never wrapped around") {
  sensor::SyntheticOptions options;
  options.frequency_hz = 1;
  options.amplitude = 32'767;
  options.noise = 32'767;
  options.channel_count = 1;
  sensor::Synthetic source(options);
  REQUIRE(source.start(10'000, 0));
  const auto frames = read(source, 10'000, 2'000'000);
  CHECK(*std::max_element(frames.begin(), frames.end()) == 32'767);
  // The first quarter of the turn, where all three sines are positive and large, stays there but for noise.
  CHECK(*std::min_element(frames.begin() + 500, frames.begin() + 1500) > -32'768 / 4);
}

TEST_CASE("channel count and maximum are as asked, within what a source may have") {
  sensor::SyntheticOptions options;
  options.channel_count = 16;
  options.maximum_frequency_hz = 500;
  sensor::Synthetic source(options);
  CHECK(source.info().channel_count == 16);
  CHECK(source.info().frame_bytes() == 32);
  CHECK_FALSE(source.info().self_paced);
  for (size_t i = 0; i < 16; ++i) CHECK(source.info().channels[i].name != nullptr);
  CHECK(source.start(500, 0));
  CHECK_FALSE(source.start(500.1, 0));
  CHECK_FALSE(source.start(0, 0));
  CHECK_FALSE(source.start(std::nan(""), 0));
  CHECK(read(source, 10, 1'000'000).empty());  // one that did not start gives nothing
  options.channel_count = 40;
  CHECK(sensor::Synthetic(options).info().channel_count == hal::kMaximumChannels);
}
