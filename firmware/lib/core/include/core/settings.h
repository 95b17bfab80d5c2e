#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/store.h"

namespace sensor {

/// A setting of a sensor: `set NAME VALUE` on the console, one key in the store.
struct SettingInfo {
  const char* name;       ///< as typed: mqtt.host
  const char* key;        ///< in the store, at most 15 characters
  const char* initial;    ///< where it is not set; null: it has to be set
  const char* help;
  size_t maximum_size;    ///< bytes of the value
  bool secret;            ///< never shown
};

/// serial_number, wifi.ssid, wifi.password, mqtt.host, mqtt.port, mqtt.password, mqtt.tls, tls.ca, tls.certificate, tls.key,
/// sensor.source, sensor.sample_frequency, gps.enabled, time.server, update.url, sleep.deep
extern const SettingInfo kSettings[];
extern const size_t kSettingCount;

/// Reads and checks settings.
class Settings {
 public:
  explicit Settings(hal::Store& store);
  /// Copies the value with a NUL; its initial value where it is not set. False where there is none, or no such setting.
  bool get(const char* name, char* value, size_t capacity) const;
  /// Why a value is not one for this setting ("" where it is); nothing is written.
  const char* problem(const char* name, const char* value) const;
  bool set(const char* name, const char* value);
  bool unset(const char* name);
  /// The first setting that has to be set and is not; null where all are.
  const char* missing() const;
};

}  // namespace sensor
