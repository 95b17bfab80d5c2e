#pragma once

#include <atomic>

#include "driver/i2c_master.h"
#include "fifo_device.h"

namespace board {

/// Analog Devices ADXL345: three axes, ±16 g, 3.9 mg a count, a FIFO of 32 frames, by I2C. For hobbyists: by
/// I2C it can be read up to 800 Hz. Its FIFO is polled, so that no further wire is needed; times are known to
/// half a frame.
class Adxl345 : public FifoDevice {
 public:
  bool open() override;
  const hal::SourceInfo& info() const override;
  double start(double sample_frequency_hz) override;
  void stop() override;
  void wait() override;
  FifoRead read(int16_t* frames, size_t maximum_frames) override;

 private:
  bool read_registers(uint8_t address, uint8_t* values, size_t size);
  bool write_register(uint8_t address, uint8_t value);

  i2c_master_bus_handle_t bus_ = nullptr;
  i2c_master_dev_handle_t device_ = nullptr;
  double rate_hz_ = 0;
  std::atomic<uint32_t> poll_ms_{1};
};

}  // namespace board
