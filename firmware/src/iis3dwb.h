#pragma once

#include <atomic>

#include "driver/spi_master.h"
#include "fifo_device.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace board {

/// ST IIS3DWB: three axes, ±16 g, 26,667 Hz, flat to 6 kHz, a FIFO of 512 frames, by SPI. It has that one
/// rate; lower ones are made of it. Its watermark interrupt tells when a certain frame was taken, to some µs.
class Iis3dwb : public FifoDevice {
 public:
  bool open() override;
  const hal::SourceInfo& info() const override;
  double start(double sample_frequency_hz) override;
  void stop() override;
  void wait() override;
  FifoRead read(int16_t* frames, size_t maximum_frames) override;

 private:
  static void on_watermark(void* self);

  bool open_bus();
  void open_interrupt();
  bool transfer(uint8_t address, const uint8_t* transmit, size_t size);
  bool read_registers(uint8_t address, uint8_t* values, size_t size);
  bool write_register(uint8_t address, uint8_t value);

  spi_device_handle_t device_ = nullptr;
  uint8_t* buffer_ = nullptr;  // reachable by DMA
  double rate_hz_ = 0;         // by the device's own correction
  uint32_t started_us_ = 0;    // the lower half of the time
  std::atomic<TaskHandle_t> waiting_{nullptr};

  // Of the sampling task.
  uint32_t watermark_us_ = 0;  // the lower half of the time of the last interrupt
  bool watermark_seen_ = false;
};

}  // namespace board
