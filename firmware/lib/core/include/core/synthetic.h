#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hal/source.h"

namespace sensor {

struct SyntheticOptions {
  size_t channel_count = 3;    ///< 1 … hal::kMaximumChannels
  double frequency_hz = 29.5;  ///< of the fundamental: a shaft at 1770 revolutions a minute
  int16_t amplitude = 2048;    ///< of the fundamental, in counts: 1 g
  int16_t noise = 64;          ///< largest deviation, in counts, triangular; 0: none
  uint32_t seed = 1;           ///< the same seed gives the same counts in each run
  double maximum_frequency_hz = 26'667.0;
};

/// A machine's vibration without a machine: for boards without an accelerometer, the host program, and tests.
///
/// Three sines a channel (the fundamental, and its second and third harmonic at a half and a quarter of the
/// amplitude) and noise. Those at or above half the sample frequency are left out, as an anti-alias filter
/// would. Integers only while it runs: 26,667 Hz of three channels cost a microcontroller a few percent.
/// Sample k is taken at start + k / frequency.
class Synthetic : public hal::Source {
 public:
  explicit Synthetic(const SyntheticOptions& options = {});
  Synthetic(const Synthetic&) = delete;  // `info_` points into itself
  Synthetic& operator=(const Synthetic&) = delete;

  const hal::SourceInfo& info() const override { return info_; }
  /// False for a frequency that is not above 0 and up to the maximum.
  bool start(double sample_frequency_hz, uint64_t now_us) override;
  void stop() override { running_ = false; }
  /// `frames`: int16, channels side by side. Whoever reads late gets all that was missed.
  hal::Reading read(void* frames, size_t maximum_frames, uint64_t now_us) override;

  /// Frames that were read since the start.
  uint64_t taken() const { return taken_; }

 private:
  static constexpr size_t kSines = 3;

  void next_frame(int16_t* frame);
  int32_t noise();

  SyntheticOptions options_;
  std::array<hal::Channel, hal::kMaximumChannels> channels_{};
  hal::SourceInfo info_{};
  bool running_ = false;
  double sample_frequency_hz_ = 0;
  uint64_t start_us_ = 0;
  uint64_t taken_ = 0;
  size_t sines_ = 0;        // that are below half the sample frequency
  uint64_t phase_ = 0;      // of the fundamental; a turn is 2⁶⁴
  uint64_t increment_ = 0;  // a sample
  uint32_t random_ = 1;
};

}  // namespace sensor
