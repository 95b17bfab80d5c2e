#pragma once

#include <algorithm>
#include <cmath>

#include "hal/source.h"
#include "sim/random.h"

namespace sim {

/// An accelerometer that paces itself by an oscillator that is not quite right, and whose FIFO forgets what nobody reads.
/// Its samples count up, so that a lost one shows.
class Fifo final : public hal::Source {
 public:
  /// `error`: of the oscillator, 0.01 for 1 % too fast. `depth`: frames.
  Fifo(double error, size_t depth) : error_(error), depth_(depth) {}

  const hal::SourceInfo& info() const override {
    static constexpr hal::Channel kX{"x", "acceleration", "g", -16, 16};
    static constexpr hal::SourceInfo kInfo{"vibration", &kX, 1, hal::SampleFormat::kCounts, 1.0F / 2048, 0, 26'667, true};
    return kInfo;
  }
  bool start(double sample_frequency_hz, uint64_t now_us) override {
    true_hz = sample_frequency_hz * (1 + error_);
    start_us_ = now_us;
    next_ = 0;
    return answers;
  }
  void stop() override {}
  hal::Reading read(void* frames, size_t maximum_frames, uint64_t now_us) override {
    if (silent) {
      return {};
    }
    // watermarks: what is read is some dozen microseconds old
    const auto taken = static_cast<uint64_t>(static_cast<double>(now_us - start_us_) * true_hz / 1e6) + 1;
    hal::Reading reading;
    if (taken - next_ > depth_) {
      next_ = taken - depth_;
      reading.overrun = true;
    }
    reading.frames = std::min<size_t>(maximum_frames, taken - next_);
    if (reading.frames == 0) {
      return reading;
    }
    auto* out = static_cast<int16_t*>(frames);
    for (size_t frame = 0; frame < reading.frames; ++frame) {
      out[frame] = static_cast<int16_t>((next_ + frame) & 0x7FFF);
    }
    next_ += reading.frames;
    reading.newest_us = time_us(next_ - 1) + random_.below(30);
    return reading;
  }

  uint64_t time_us(uint64_t index) const {
    return start_us_ + static_cast<uint64_t>(std::llround(static_cast<double>(index) * 1e6 / true_hz));
  }

  double true_hz = 0;
  bool answers = true;
  bool silent = false;  // a loose wire: nothing fails, nothing comes

 private:
  double error_;
  size_t depth_;
  uint64_t start_us_ = 0;
  uint64_t next_ = 0;
  Random random_{3};
};

}  // namespace sim
