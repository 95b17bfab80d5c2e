#include "core/frame_ring.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sensor {
namespace {

// A time so many frames before another.
uint64_t earlier(uint64_t us, uint64_t frames, double period_us) {
  const auto before_us = static_cast<uint64_t>(std::llround(static_cast<double>(frames) * period_us));
  return us > before_us ? us - before_us : 0;
}

}  // namespace

FrameRing::FrameRing(Memory memory) : memory_(memory) {}

void FrameRing::begin(size_t frame_bytes, double period_us) {
  frame_bytes_ = frame_bytes;
  capacity_ = frame_bytes != 0 ? memory_.size / frame_bytes : 0;
  period_us_ = period_us;
  written_ = read_ = 0;
  newest_us_ = before_gap_us_ = 0;
  gap_ = false;
}

void FrameRing::push(const void* frames, size_t count, uint64_t newest_us) {
  const size_t fits = std::min(count, capacity_ - this->count());
  copy_in(static_cast<const uint8_t*>(frames), fits);
  if (fits > 0) newest_us_ = earlier(newest_us, count - fits, period_us_);
  if (fits < count) {
    lost_ += count - fits;
    lose();
  }
}

void FrameRing::lose() {
  if (!gap_) {
    gap_ = true;
    gap_at_ = written_;
    before_gap_us_ = newest_us_;
    return;
  }
  // A second gap before the first was read: what lies between them goes, too, so that one place says it all.
  lost_ += written_ - gap_at_;
  written_ = gap_at_;
}

hal::Reading FrameRing::pop(void* frames, size_t maximum_frames) {
  hal::Reading reading;
  if (count() == 0 || maximum_frames == 0) return reading;
  if (gap_ && gap_at_ == read_) {
    reading.overrun = true;
    gap_ = false;
  }
  const uint64_t end = std::min(gap_ ? gap_at_ : written_, read_ + maximum_frames);
  reading.frames = static_cast<size_t>(end - read_);
  reading.newest_us = gap_ ? earlier(before_gap_us_, gap_at_ - end, period_us_)
                           : earlier(newest_us_, written_ - end, period_us_);
  auto* out = static_cast<uint8_t*>(frames);
  while (read_ < end) {
    const auto at = static_cast<size_t>(read_ % capacity_);
    const size_t run = std::min(static_cast<size_t>(end - read_), capacity_ - at);
    std::memcpy(out, memory_.data + at * frame_bytes_, run * frame_bytes_);
    out += run * frame_bytes_;
    read_ += run;
  }
  return reading;
}

void FrameRing::copy_in(const uint8_t* frames, size_t count) {
  while (count > 0) {
    const auto at = static_cast<size_t>(written_ % capacity_);
    const size_t run = std::min(count, capacity_ - at);
    std::memcpy(memory_.data + at * frame_bytes_, frames, run * frame_bytes_);
    frames += run * frame_bytes_;
    written_ += run;
    count -= run;
  }
}

}  // namespace sensor
