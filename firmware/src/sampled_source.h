#pragma once

#include "core/decimator.h"
#include "core/frame_ring.h"
#include "fifo_device.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

namespace board {

/// A source whose FIFO is emptied by a task of its own, with a priority above all others: the sensor's task
/// may encode, write flash or handle a command meanwhile. (While flash is erased nothing runs at all: then
/// the device's own FIFO holds, or an overrun is reported.)
class SampledSource : public hal::Source {
 public:
  SampledSource(FifoDevice& device, sensor::Memory ring);
  /// Sets the device up and starts the task. False where memory is short; a device that does not answer is
  /// tried again at each start.
  bool begin();

  const hal::SourceInfo& info() const override { return device_.info(); }
  bool start(double sample_frequency_hz, uint64_t now_us) override;
  void stop() override;
  hal::Reading read(void* frames, size_t maximum_frames, uint64_t now_us) override;

 private:
  static constexpr size_t kFrames = 512;  // one read of a FIFO
  static constexpr size_t kMaximumFrameCounts = 3;

  static void task(void* self);
  void run();
  bool sample();
  bool begin_run();
  void begin_decimator(double device_hz);
  void take(const FifoRead& read);

  FifoDevice& device_;
  SemaphoreHandle_t device_lock_ = nullptr;  // a device is used by one task at a time
  SemaphoreHandle_t ring_lock_ = nullptr;
  sensor::FrameRing ring_;
  TaskHandle_t task_ = nullptr;

  // Guarded by `device_lock_`.
  bool open_ = false;
  bool running_ = false;
  double sample_frequency_hz_ = 0;
  sensor::Decimator decimator_;
  double device_hz_ = 0;
  double delay_us_ = 0;      // from the middle of an output frame's interval to its end
  size_t since_output_ = 0;  // device frames since the last output frame
  unsigned failures_ = 0;    // in a row
  int16_t in_[kFrames * kMaximumFrameCounts];
  int16_t out_[kFrames * kMaximumFrameCounts];
};

}  // namespace board
