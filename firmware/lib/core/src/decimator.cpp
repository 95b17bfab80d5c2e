#include "core/decimator.h"

#include <algorithm>
#include <cmath>

namespace sensor {
namespace {

int16_t mean(int64_t sum, uint32_t count) {
  const int64_t half = count / 2;
  const int64_t rounded = sum < 0 ? -((half - sum) / count) : (half + sum) / count;
  return static_cast<int16_t>(rounded);
}

}  // namespace

void Decimator::begin(size_t channel_count, double input_hz, double output_hz) {
  channel_count_ = std::min(channel_count, hal::kMaximumChannels);
  ratio_ = input_hz > output_hz && output_hz > 0 ? input_hz / output_hz : 1;
  inputs_ = 0;
  outputs_ = 0;
  boundary_ = static_cast<uint64_t>(std::ceil(ratio_));
  open_ = 0;
  sums_.fill(0);
}

bool Decimator::add(const int16_t* frame, int16_t* out) {
  ++inputs_;
  ++open_;
  for (size_t channel = 0; channel < channel_count_; ++channel) {
    sums_[channel] += frame[channel];
  }
  if (inputs_ < boundary_) {
    return false;
  }
  for (size_t channel = 0; channel < channel_count_; ++channel) {
    out[channel] = mean(sums_[channel], open_);
  }
  sums_.fill(0);
  open_ = 0;
  ++outputs_;
  // counted from the beginning, so that rounding never adds up
  boundary_ = static_cast<uint64_t>(std::ceil(static_cast<double>(outputs_ + 1) * ratio_));
  return true;
}

}  // namespace sensor
