// What a sensor says of itself.
#include "core/sensor.h"

#include <cstring>

namespace sensor {

void Sensor::log(hal::LogLevel level, const char* logger, const char* message, uint64_t now_us) {
  board_.system.log(level, logger, message);
  link_.logs.add(level, logger, message, now_us);
}

size_t Sensor::write_birth(Memory out) {
  const hal::SourceInfo& source = board_.source.info();
  const uint64_t now_us = board_.clock.monotonic_us();
  // static: two kilobytes, which a task's stack need not have
  static sensor_v1_Birth birth;
  std::memset(&birth, 0, sizeof birth);
  copy_text(birth.serial_number, sizeof birth.serial_number, options_.serial_number);
  birth.session = session();
  copy_text(birth.hardware, sizeof birth.hardware, board_.system.hardware());
  copy_text(birth.firmware_version, sizeof birth.firmware_version, board_.system.firmware_version());
  copy_text(birth.sensor_type, sizeof birth.sensor_type, source.sensor_type);
  birth.sample_frequency_hz = frequency_hz_;
  birth.maximum_sample_frequency_hz = source.maximum_frequency_hz;
  birth.state = state();
  birth.time_ns = unix_ns_at(now_us);
  birth.channels_count = static_cast<pb_size_t>(source.channel_count);
  for (size_t index = 0; index < source.channel_count; ++index) {
    const hal::Channel& channel = source.channels[index];
    sensor_v1_ChannelDescription& described = birth.channels[index];
    described.index = static_cast<uint32_t>(index);
    copy_text(described.name, sizeof described.name, channel.name);
    copy_text(described.quantity, sizeof described.quantity, channel.quantity);
    copy_text(described.unit, sizeof described.unit, channel.unit);
    described.minimum = channel.minimum;
    described.maximum = channel.maximum;
  }
  if (const std::optional<Position> where = position(now_us); where) {
    birth.has_position = true;
    birth.position = {where->latitude_e7, where->longitude_e7, where->altitude_mm, where->accuracy_mm};
  }
  return encode(birth, out);
}

size_t Sensor::write_status(Memory out) {
  const uint64_t now_us = board_.clock.monotonic_us();
  sensor_v1_Status status = sensor_v1_Status_init_zero;
  status.state = state();
  status.sample_frequency_hz = frequency_hz_;
  status.uptime_ms = (now_us - boot_us_) / 1000;
  status.session = session();
  status.has_last_sequence = next_sequence() != 0;
  status.last_sequence = status.has_last_sequence ? next_sequence() - 1 : 0;
  status.buffered_batches = buffer_.not_held();
  const std::optional<uint64_t> oldest = buffer_.oldest(session());
  status.has_oldest_buffered_sequence = oldest.has_value();
  status.oldest_buffered_sequence = oldest.value_or(0);
  status.free_memory_bytes = board_.system.free_memory_bytes();
  status.rssi_dbm = board_.system.rssi_dbm();
  const float battery = board_.system.battery_percent();
  status.has_battery_percent = battery >= 0;
  status.battery_percent = status.has_battery_percent ? battery : 0;
  status.time_ns = unix_ns_at(now_us);
  return encode(status, out);
}

size_t Sensor::write_last_will(Memory out) {
  sensor_v1_Status status = sensor_v1_Status_init_zero;
  status.state = sensor_v1_State_STATE_OFFLINE;
  status.session = session();
  return encode(status, out);
}

void Sensor::birth_held() { board_.system.confirm_image(); }

}  // namespace sensor
