#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "core/sensor.h"
#include "core/synthetic.h"
#include "file_flash.h"
#include "file_store.h"
#include "host_clock.h"
#include "mosquitto_mqtt.h"
#include "nmea_file.h"
#include "options.h"

namespace host {

/// What a board has beside its interfaces.
class HostSystem final : public hal::System {
 public:
  explicit HostSystem(const std::string& serial_number) : serial_number_(serial_number) {}

  uint32_t random32() override { return random_(); }
  uint32_t free_memory_bytes() const override { return 0; }
  int32_t rssi_dbm() const override { return 0; }
  float battery_percent() const override { return -1; }
  const char* hardware() const override { return "host"; }
  const char* firmware_version() const override { return "host-1"; }
  void log(hal::LogLevel level, const char* logger, const char* message) override;
  void show(hal::Lamp /*lamp*/) override {}
  void feed_watchdog() override {}
  void reboot() override { reboot_ = true; }
  void sleep(uint64_t /*wake_us*/) override {}
  void confirm_image() override {}

  /// Whether a reboot was asked for since the last time.
  bool take_reboot();

 private:
  std::string serial_number_;
  std::random_device random_;
  bool reboot_ = false;
};

/// One sensor of this process: the core on a board of files, memory and libmosquitto.
class Node final : private MosquittoMqtt::Listener {
 public:
  Node(const Options& options, const std::string& serial_number, const std::string& password, size_t number,
       HostClock& clock, const NmeaFile& nmea);

  /// Why it cannot run; "" where it can.
  const std::string& problem() const { return problem_; }

  /// Boot, for the first time; there was no problem.
  void begin() { boot(); }
  /// Take what happened, do what is due, publish.
  void run(uint64_t now_us);
  uint64_t due_us() const { return due_us_; }
  void stop();
  bool stopped() const { return sensor_ && stopping_ && sensor_->stopped() && mqtt_->quiet(); }
  void save();

  MosquittoMqtt& mqtt() { return *mqtt_; }
  bool connected() const { return sensor_ && sensor_->connected(); }
  const std::string& serial_number() const { return serial_number_; }
  uint32_t session() const { return sensor_ ? sensor_->session() : 0; }
  uint32_t buffered_batches() const { return sensor_ ? sensor_->buffered_batches() : 0; }
  size_t channel_count() const { return source_.info().channel_count; }
  /// Since the process began: over all reboots.
  sensor::Counters counters() const;

 private:
  using Buffer = std::unique_ptr<uint8_t[]>;

  void on_connected() override;
  void on_disconnected(bool refused) override;
  void on_published(hal::PublishId id, uint8_t reason_code) override;
  void on_command(sensor::Bytes payload) override;

  bool make_folder(const std::string& state);
  void make_mqtt();
  void boot();
  void reboot();

  std::string serial_number_;
  std::string password_;
  const Broker& broker_;
  sensor::Options options_;
  HostClock& clock_;
  std::string folder_;
  std::string problem_;
  std::string unreachable_;  // why, as it was said last
  HostSystem system_;
  sensor::Synthetic source_;
  std::unique_ptr<FileStore> store_;
  std::unique_ptr<FileFlash> flash_;
  std::unique_ptr<FileGps> gps_;
  size_t frames_bytes_;
  size_t payload_bytes_;
  size_t ring_bytes_;
  Buffer frames_;
  Buffer payload_;
  Buffer scratch_;
  Buffer ring_;
  std::unique_ptr<MosquittoMqtt> mqtt_;
  std::unique_ptr<sensor::Sensor> sensor_;
  sensor::Counters before_{};  // of the sensors before the last reboot
  uint64_t due_us_ = 0;
  bool stopping_ = false;
};

}  // namespace host
