#pragma once

#include <cstdint>

namespace hal {

enum class LogLevel : uint8_t { kDebug = 1, kInfo, kWarning, kError, kCritical };

/// What the lamp shows.
enum class Lamp : uint8_t { kStarting, kUnprovisioned, kConnecting, kConnected, kAsleep, kError, kIdentify };

/// The rest of the board.
class System {
 public:
  virtual uint32_t random32() = 0;
  virtual uint32_t free_memory_bytes() const = 0;  ///< 0: unknown
  virtual int32_t rssi_dbm() const = 0;            ///< 0: unknown
  virtual float battery_percent() const = 0;       ///< negative: unknown
  virtual const char* hardware() const = 0;
  virtual const char* firmware_version() const = 0;
  /// A line for the serial console.
  virtual void log(LogLevel level, const char* logger, const char* message) = 0;
  virtual void show(Lamp lamp) = 0;
  /// The sensor is well; without it for long the board restarts.
  virtual void feed_watchdog() = 0;
  /// Everything is saved: restart. May return (in tests); then a new Sensor is made.
  virtual void reboot() = 0;
  /// The state became ASLEEP: nothing to do until a command or `wake_us` (0: until a command). The board may save power.
  virtual void sleep(uint64_t wake_us) = 0;
  /// A new image proved itself: it reached the broker. It is kept from now on.
  virtual void confirm_image() = 0;

 protected:
  ~System() = default;
};

}  // namespace hal
