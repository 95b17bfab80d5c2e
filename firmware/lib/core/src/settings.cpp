#include "core/settings.h"

#include <cstring>

#include "core/limits.h"
#include "digits.h"
#include "setting_checks.h"

namespace sensor {

// name, key, initial, help, maximum size, secret, pem, check
const SettingInfo kSettings[kSettingCount] = {
    {"serial_number", "serial_number", nullptr, "who this sensor is: its MQTT client id and user name",
     kMaximumSerialNumber, false, false, checks::serial_number},
    {"wifi.ssid", "wifi.ssid", "", "the Wi-Fi network's name", 32, false, false, checks::wifi_name},
    {"wifi.password", "wifi.password", "", "the Wi-Fi network's password; not set: an open network", 64, true,
     false, checks::wifi_password},
    {"mqtt.host", "mqtt.host", nullptr, "the MQTT broker's name or address", 253, false, false, checks::host},
    {"mqtt.port", "mqtt.port", "1883", "its port; with TLS usually 8883", 5, false, false, checks::port},
    {"mqtt.password", "mqtt.password", "", "the sensor's password there; iotctl provision makes it", 128,
     true, false, checks::password},
    {"mqtt.tls", "mqtt.tls", "off", "on: the connection is encrypted, and the broker proves who it is", 3,
     false, false, checks::on_or_off},
    {"tls.ca", "tls.ca", "", "PEM: who signs the broker's certificate; not set: the public authorities",
     kMaximumPem, false, true, checks::certificates},
    {"tls.certificate", "tls.certificate", "", "PEM: the sensor's own certificate, instead of a password",
     kMaximumPem, false, true, checks::certificates},
    {"tls.key", "tls.key", "", "PEM: the private key of that certificate", kMaximumPem, true, true,
     checks::private_key},
    {"sensor.source", "sensor.source", "iis3dwb", "what measures: iis3dwb, adxl345 or synthetic", 16, false,
     false, checks::source},
    {"sensor.sample_frequency", "sensor.freq", "1000", "in Hz, until another is commanded", 12, false, false,
     checks::sample_frequency},
    {"gps.enabled", "gps.enabled", "off", "on: a GPS receiver's NMEA sentences are read", 3, false, false,
     checks::on_or_off},
    {"time.server", "time.server", "pool.ntp.org", "the time server (SNTP)", 253, false, false, checks::host},
    {"update.url", "update.url", "", "where new firmware is; not set: none is looked for", 255, false, false,
     checks::update_url},
    {"sleep.deep", "sleep.deep", "off", "on: while asleep for a time, the board is off", 3, false, false,
     checks::on_or_off},
};

Settings::Settings(hal::Store& store) : store_(store) {
}

const SettingInfo* Settings::find(const char* name) {
  for (const SettingInfo& setting : kSettings) {
    if (std::strcmp(setting.name, name) == 0) return &setting;
  }
  return nullptr;
}

bool Settings::get(const char* name, char* value, size_t capacity) const {
  if (capacity == 0) return false;
  value[0] = '\0';
  const SettingInfo* setting = find(name);
  if (setting == nullptr) return false;
  const size_t size = store_.get(setting->key, value, capacity - 1);
  if (size > 0 && size < capacity) {
    value[size] = '\0';
    return true;
  }
  value[0] = '\0';
  if (size > 0 || setting->initial == nullptr || std::strlen(setting->initial) >= capacity) return false;
  std::memcpy(value, setting->initial, std::strlen(setting->initial) + 1);
  return true;
}

bool Settings::is_set(const char* name) const {
  const SettingInfo* setting = find(name);
  return setting != nullptr && store_.get(setting->key, nullptr, 0) > 0;
}

bool Settings::on(const char* name) const {
  char value[4];
  return get(name, value, sizeof value) && std::strcmp(value, "on") == 0;
}

double Settings::number(const char* name) const {
  char value[16];
  int64_t millionths = 0;
  if (!get(name, value, sizeof value) || !digits::decimal(value, 6, &millionths)) return 0;
  return static_cast<double>(millionths) / 1e6;
}

const char* Settings::problem(const char* name, const char* value) {
  const SettingInfo* setting = find(name);
  if (setting == nullptr) return "there is no such setting: help lists them";
  if (std::strlen(value) > setting->maximum_size) return "the value is too long";
  return setting->problem(value);
}

bool Settings::set(const char* name, const char* value) {
  const SettingInfo* setting = find(name);
  return setting != nullptr && *problem(name, value) == '\0' &&
         store_.set(setting->key, value, std::strlen(value));
}

bool Settings::unset(const char* name) {
  const SettingInfo* setting = find(name);
  if (setting == nullptr) return false;
  return !is_set(name) || store_.erase(setting->key);
}

const char* Settings::missing() const {
  for (const SettingInfo& setting : kSettings) {
    if (setting.initial == nullptr && !is_set(setting.name)) return setting.name;
  }
  if (is_set("tls.certificate") != is_set("tls.key"))
    return is_set("tls.key") ? "tls.certificate" : "tls.key";
  return is_set("mqtt.password") || is_set("tls.key") ? nullptr : "mqtt.password";
}

}  // namespace sensor
