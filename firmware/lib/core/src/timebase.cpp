#include "core/timebase.h"

#include <algorithm>
#include <cmath>

namespace sensor {
namespace {

// A block lasts a second and has 16 readings at least; the first ones are shorter, so that the first batch is
// right.
constexpr uint64_t kFirstBlockUs = 62'500;
constexpr uint64_t kBlockUs = 1'000'000;
constexpr uint32_t kBlockReadings = 16;

constexpr double kMemory = 1.0 - 1.0 / 32.0;  ///< what a block still counts when the next one comes
constexpr uint32_t kLockedAfter = 16;         ///< blocks

// How far a period is trusted before anything was read: as much as a line of readings so long (in seconds)
// would be.
constexpr double kTrustUnknown = 0.02;
constexpr double kTrustLearnt = 8.0;
constexpr double kMaximumError = 0.2;  ///< of an oscillator; beyond, readings are nonsense

// Once locked, a block counts as so late at most: what moves the line by so many samples, or, where readings
// are that uncertain, so many times what is usual.
constexpr double kMaximumStep = 0.25;
constexpr double kUnusual = 3.0;
constexpr double kFarOff = 8.0;       ///< times that: frames were lost or invented, and nobody said so
constexpr int32_t kFarOffBlocks = 8;  ///< in a row, until that is believed

constexpr double kHysteresis = 50e-6;
constexpr double kHysteresisSamples = 0.5;  ///< a second

}  // namespace

void Timebase::begin(uint64_t start_us, double nominal_frequency_hz) {
  const double scale = nominal_hz_ / nominal_frequency_hz;  // of the period; the oscillator is the same
  learnt_ = learnt_ || locked();
  period_ns_ *= scale;
  reported_hz_ /= scale;
  nominal_hz_ = nominal_frequency_hz;
  anchor_index_ = 0;
  anchor_ns_ = static_cast<int64_t>(start_us) * 1000;
  block_start_us_ = start_us;
  forget_phase();
}

bool Timebase::locked() const { return blocks_ >= kLockedAfter; }

void Timebase::forget_phase() {
  const double trust = (learnt_ ? kTrustLearnt : kTrustUnknown) * nominal_hz_;
  weight_ = 0;
  weight_x_ = 0;
  weight_xx_ = trust * trust;
  blocks_ = 0;
  far_off_ = 0;
  usual_ns_ = 0;
  block_readings_ = 0;
}

double Timebase::late_ns(uint64_t index, uint64_t us) const {
  return static_cast<double>(static_cast<int64_t>(us) * 1000 - time_ns(index));
}

int64_t Timebase::time_ns(uint64_t index) const {
  const auto frames = static_cast<int64_t>(index - anchor_index_);
  return anchor_ns_ + std::llround(static_cast<double>(frames) * period_ns_);
}

void Timebase::observe(uint64_t index, uint64_t us) {
  const double late = late_ns(index, us);
  if (block_readings_ == 0 || late < least_late_ns_) {
    least_late_ns_ = late;
    least_late_index_ = index;
  }
  ++block_readings_;
  const uint32_t doublings = std::min<uint32_t>(blocks_, 16);
  if (us >= block_start_us_ + std::min(kFirstBlockUs << doublings, kBlockUs) &&
      block_readings_ >= std::min(uint32_t{1} << doublings, kBlockReadings)) {
    close_block();
    block_start_us_ = us;
    block_readings_ = 0;
  }
}

void Timebase::close_block() {
  // the origin moves to the block's reading, and what was before counts less
  const auto moved = static_cast<double>(static_cast<int64_t>(least_late_index_ - anchor_index_));
  weight_xx_ = kMemory * (weight_xx_ - 2 * moved * weight_x_ + moved * moved * weight_);
  weight_x_ = kMemory * (weight_x_ - moved * weight_);
  weight_ = kMemory * weight_ + 1;
  const double determinant = weight_ * weight_xx_ - weight_x_ * weight_x_;
  const double phase_gain = weight_xx_ / determinant;
  const double period_gain = -weight_x_ / determinant;

  double late = least_late_ns_;
  if (locked()) {
    const double most = std::max(kMaximumStep * period_ns_ / phase_gain, kUnusual * usual_ns_);
    const bool far = std::fabs(late) > kFarOff * most;
    far_off_ = !far ? 0 : late > 0 ? std::max<int32_t>(far_off_, 0) + 1 : std::min<int32_t>(far_off_, 0) - 1;
    late = std::min(std::max(late, -most), most);
  }
  usual_ns_ += (std::fabs(late) - usual_ns_) * std::max(1 - kMemory, 1.0 / (blocks_ + 1));
  anchor_ns_ = time_ns(least_late_index_) + std::llround(phase_gain * late);
  anchor_index_ = least_late_index_;
  const double nominal_ns = 1e9 / nominal_hz_;
  period_ns_ = std::min(std::max(period_ns_ + period_gain * late, nominal_ns * (1 - kMaximumError)),
                        nominal_ns * (1 + kMaximumError));
  ++blocks_;
  if (far_off_ >= kFarOffBlocks || far_off_ <= -kFarOffBlocks) {
    learnt_ = true;
    forget_phase();
  }

  const double frequency_hz = 1e9 / period_ns_;
  const double allowed_hz = std::min(kHysteresis * frequency_hz, kHysteresisSamples);
  if (std::fabs(frequency_hz - reported_hz_) > allowed_hz) {
    reported_hz_ = frequency_hz;
  }
}

}  // namespace sensor
