#pragma once

#include "hal/system.h"

namespace board {

/// The rest of the board, for the task that owns the sensor.
class BoardSystem : public hal::System {
 public:
  BoardSystem();

  uint32_t random32() override;
  uint32_t free_memory_bytes() const override;
  int32_t rssi_dbm() const override;
  float battery_percent() const override { return -1.0F; }  // no board of ours measures one
  const char* hardware() const override { return hardware_; }
  const char* firmware_version() const override;
  void log(hal::LogLevel level, const char* logger, const char* message) override;
  void show(hal::Lamp lamp) override;
  void feed_watchdog() override;
  void reboot() override { reboot_ = true; }
  void sleep(uint64_t wake_us) override { wake_us_ = wake_us; }
  void confirm_image() override;

  /// A reboot was asked for: the sensor's task does it when the goodbye is said.
  bool reboot_wanted() const { return reboot_; }
  /// When the present sleep ends (µs since boot); 0: not known.
  uint64_t wake_us() const { return wake_us_; }

 private:
  char hardware_[48];
  bool reboot_ = false;
  uint64_t wake_us_ = 0;
};

}  // namespace board
