#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/source.h"

namespace board {

/// What a device's FIFO gave.
struct FifoRead {
  size_t frames = 0;
  uint64_t newest_us = 0;  ///< when the newest frame was taken
  bool overrun = false;    ///< frames were lost before these
  bool failed = false;     ///< the device did not answer
};

/// A device that paces itself and keeps frames in a FIFO until they are read.
class FifoDevice {
 public:
  /// Set the bus up and look whether the device is there. False where it is not.
  virtual bool open() = 0;
  virtual const hal::SourceInfo& info() const = 0;
  /// Begin with an empty FIFO, at a rate of its own that is not below `sample_frequency_hz` (if it has one).
  /// That rate in Hz, or 0 where the device does not answer.
  virtual double start(double sample_frequency_hz) = 0;
  virtual void stop() = 0;
  /// Wait until it is worth reading. Of the sampling task.
  virtual void wait() = 0;
  /// Empty the FIFO, as far as there is room.
  virtual FifoRead read(int16_t* frames, size_t maximum_frames) = 0;

 protected:
  ~FifoDevice() = default;
};

}  // namespace board
