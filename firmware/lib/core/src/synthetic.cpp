#include "core/synthetic.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/timebase.h"

namespace sensor {
namespace {

constexpr std::array<const char*, hal::kMaximumChannels> kNames = {
    "x", "y", "z", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "c14", "c15", "c16"};

// ±16 g over the whole of int16, as the accelerometers have it.
constexpr float kRangeG = 16.0F;
constexpr float kScaleG = kRangeG / 32768.0F;

// A quarter of a sine, so that a board needs no floating point for each sample. Q15, and one entry more to
// interpolate.
constexpr size_t kQuarter = 256;
constexpr int32_t kOne = 32767;

// Taylor's series: exact enough between 0 and π/2, and usable while compiling.
constexpr double sine(double x) {
  double term = x;
  double sum = x;
  for (int n = 1; n <= 10; ++n) {
    term *= -x * x / static_cast<double>(2 * n * (2 * n + 1));
    sum += term;
  }
  return sum;
}

constexpr std::array<int16_t, kQuarter + 1> make_table() {
  constexpr double half_pi = 1.57079632679489661923;
  std::array<int16_t, kQuarter + 1> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    const double value = sine(half_pi * static_cast<double>(i) / static_cast<double>(kQuarter));
    table[i] = static_cast<int16_t>((static_cast<int32_t>(value * 2 * kOne) + 1) / 2);
  }
  return table;
}

constexpr std::array<int16_t, kQuarter + 1> kTable = make_table();

// Sine in Q15 of a phase of which a turn is 2³².
int32_t sine_of(uint32_t phase) {
  const uint32_t quadrant = phase >> 30U;
  uint32_t within = phase & 0x3FFF'FFFFU;
  if ((quadrant & 1U) != 0) within = 0x4000'0000U - within;  // may be the whole quarter: entry 256
  const uint32_t index = within >> 22U;
  const auto fraction = static_cast<int32_t>((within >> 7U) & 0x7FFFU);
  const int32_t low = kTable[index];
  const int32_t high = kTable[std::min<size_t>(index + 1, kQuarter)];
  const int32_t value = low + (((high - low) * fraction) >> 15);
  return (quadrant & 2U) != 0 ? -value : value;
}

int16_t saturated(int32_t value) {
  return static_cast<int16_t>(
      std::clamp<int32_t>(value, std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max()));
}

}  // namespace

Synthetic::Synthetic(const SyntheticOptions& options) : options_(options) {
  options_.channel_count = std::clamp<size_t>(options.channel_count, 1, hal::kMaximumChannels);
  for (size_t i = 0; i < options_.channel_count; ++i) {
    channels_[i] = {kNames[i], "acceleration", "g", -kRangeG, kRangeG};
  }
  info_.sensor_type = "vibration";
  info_.channels = channels_.data();
  info_.channel_count = options_.channel_count;
  info_.format = hal::SampleFormat::kCounts;
  info_.scale = kScaleG;
  info_.offset = 0;
  info_.maximum_frequency_hz = options_.maximum_frequency_hz;
  info_.self_paced = false;
}

bool Synthetic::start(double sample_frequency_hz, uint64_t now_us) {
  running_ = sample_frequency_hz > 0 && sample_frequency_hz <= options_.maximum_frequency_hz;
  if (!running_) return false;
  sample_frequency_hz_ = sample_frequency_hz;
  start_us_ = now_us;
  taken_ = 0;
  phase_ = 0;
  sines_ = 0;
  while (sines_ < kSines && options_.frequency_hz * static_cast<double>(sines_ + 1) < sample_frequency_hz / 2)
    ++sines_;
  // Turns a sample are below one half where any sine is left, so that this fits.
  const double turns = sines_ > 0 ? std::abs(options_.frequency_hz) / sample_frequency_hz : 0.0;
  increment_ = static_cast<uint64_t>(std::ldexp(turns, 64));
  random_ = options_.seed != 0 ? options_.seed : 1;  // xorshift stays at 0 for ever
  return true;
}

hal::Reading Synthetic::read(void* frames, size_t maximum_frames, uint64_t now_us) {
  hal::Reading reading;
  if (!running_ || now_us < start_us_) return reading;
  const uint64_t complete =
      samples_until(static_cast<int64_t>((now_us - start_us_) * 1000), sample_frequency_hz_);
  if (complete <= taken_) return reading;
  reading.frames = static_cast<size_t>(std::min<uint64_t>(complete - taken_, maximum_frames));
  auto* out = static_cast<unsigned char*>(frames);
  std::array<int16_t, hal::kMaximumChannels> frame{};
  for (size_t i = 0; i < reading.frames; ++i) {
    next_frame(frame.data());
    std::memcpy(out, frame.data(), info_.frame_bytes());  // `frames` need not be aligned
    out += info_.frame_bytes();
  }
  taken_ += reading.frames;
  return reading;
}

void Synthetic::next_frame(int16_t* frame) {
  const auto phase = static_cast<uint32_t>(phase_ >> 32U);
  for (size_t channel = 0; channel < options_.channel_count; ++channel) {
    // A quarter of a turn from channel to channel: x and y together draw the shaft's orbit.
    const uint32_t shifted = phase + static_cast<uint32_t>(channel) * 0x4000'0000U;
    int32_t sum = 0;
    for (size_t i = 0; i < sines_; ++i) {
      sum += (sine_of(shifted * static_cast<uint32_t>(i + 1)) * options_.amplitude) >> (15U + i);
    }
    frame[channel] = saturated(sum + noise());
  }
  phase_ += increment_;
}

int32_t Synthetic::noise() {
  if (options_.noise == 0) return 0;
  random_ ^= random_ << 13U;  // Marsaglia's xorshift32
  random_ ^= random_ >> 17U;
  random_ ^= random_ << 5U;
  // The sum of two uniform numbers of 16 bits: triangular between -65536 and 65534.
  const int32_t triangular = static_cast<int16_t>(random_ & 0xFFFFU) + static_cast<int16_t>(random_ >> 16U);
  return (triangular / 2 * options_.noise) / 32768;
}

}  // namespace sensor
