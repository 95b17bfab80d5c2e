#pragma once

#include "core/bytes.h"
#include "hal/source.h"

namespace sensor {

/// Frames between the task that empties a device's FIFO and the one that makes batches of them: while a flash
/// sector is erased or a command is handled nothing is lost, as long as they fit. It knows when frames were
/// taken, and where some are missing. Not guarded: whoever shares it between tasks locks it.
class FrameRing {
 public:
  explicit FrameRing(Memory memory);

  /// Empty it; frames have so many bytes from now on, and are taken so many µs apart.
  void begin(size_t frame_bytes, double period_us);
  /// Put frames in, oldest first, of which the newest was taken at `newest_us`. Those that do not fit are
  /// lost.
  void push(const void* frames, size_t count, uint64_t newest_us);
  /// Frames were lost before those that are pushed next: the device's own FIFO ran over.
  void lose();
  /// Take up to `maximum_frames` out, never across a place where frames are missing.
  hal::Reading pop(void* frames, size_t maximum_frames);

  size_t count() const { return static_cast<size_t>(written_ - read_); }
  size_t capacity() const { return capacity_; }
  uint64_t lost() const { return lost_; }  ///< frames that did not fit

 private:
  void copy_in(const uint8_t* frames, size_t count);

  Memory memory_;
  size_t frame_bytes_ = 0;
  size_t capacity_ = 0;  // frames
  double period_us_ = 0;
  uint64_t written_ = 0;  // frames since the beginning
  uint64_t read_ = 0;
  uint64_t newest_us_ = 0;  // of the last frame written
  bool gap_ = false;        // frames are missing before frame number `gap_at_`
  uint64_t gap_at_ = 0;
  uint64_t before_gap_us_ = 0;  // of the last frame before it
  uint64_t lost_ = 0;
};

}  // namespace sensor
