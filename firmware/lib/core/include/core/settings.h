#pragma once

#include <cstddef>
#include <cstdint>

#include "hal/store.h"

namespace sensor {

/// A setting of a sensor: `set NAME VALUE` on the console, one key in the store.
struct SettingInfo {
  const char* name;                     ///< as typed: mqtt.host
  const char* key;                      ///< in the store, at most 15 characters
  const char* initial;                  ///< where it is not set; null: it has to be set
  const char* help;                     ///< one line
  size_t maximum_size;                  ///< bytes of the value
  bool secret;                          ///< never shown
  bool pem;                             ///< lines of a PEM file: certificates, a key
  const char* (*problem)(const char*);  ///< why a value is none, "" where it is one
};

/// serial_number, wifi.ssid, wifi.password, mqtt.host, mqtt.port, mqtt.password, mqtt.tls, tls.ca,
/// tls.certificate, tls.key, sensor.source, sensor.sample_frequency, gps.enabled, time.server, update.url,
/// sleep.deep
constexpr size_t kSettingCount = 16;
extern const SettingInfo
    kSettings[kSettingCount];            // NOLINT(readability-identifier-naming): a constant, elsewhere
constexpr size_t kMaximumPem = 4096;     ///< bytes of a PEM file
constexpr size_t kMaximumSetting = 255;  ///< bytes of any other value

/// Reads and checks settings. A value is a text without NUL; nothing is cached.
class Settings {
 public:
  explicit Settings(hal::Store& store);
  /// Null where there is no such setting.
  static const SettingInfo* find(const char* name);

  /// Copies the value with a NUL; its initial value where it is not set. False, and "" copied, where there is
  /// none, no such setting, or too little room.
  bool get(const char* name, char* value, size_t capacity) const;
  /// Whether it was set; false where its initial value counts.
  bool is_set(const char* name) const;
  /// Whether a setting that is on or off is on.
  bool on(const char* name) const;
  /// The value of a setting that is a number; 0 where there is none.
  double number(const char* name) const;

  /// Why a value is not one for this setting ("" where it is); nothing is written.
  static const char* problem(const char* name, const char* value);
  /// False, and nothing is written, where it is no such value; false where the store failed.
  bool set(const char* name, const char* value);
  bool unset(const char* name);
  /// The first setting that has to be set and is not; null where all are. Either a password or a certificate
  /// with its key lets a sensor in.
  const char* missing() const;

  hal::Store& store() const { return store_; }

 private:
  hal::Store& store_;
};

}  // namespace sensor
