#pragma once

#include <cstring>
#include <string>

#include "pb_encode.h"
#include "sim/rig.h"

/// Commands as an operator gives them, with an id made of one number.
namespace given {

inline sensor_v1_Command command(uint8_t id, pb_size_t kind) {
  sensor_v1_Command one = sensor_v1_Command_init_zero;
  one.id.size = sizeof one.id.bytes;
  std::memset(one.id.bytes, id, sizeof one.id.bytes);
  one.issued_time_ns = sim::kEpochNs;
  one.which_command = kind;
  return one;
}

inline sensor_v1_Command frequency(uint8_t id, double hz) {
  sensor_v1_Command one = command(id, sensor_v1_Command_change_sample_frequency_tag);
  one.command.change_sample_frequency.sample_frequency_hz = hz;
  return one;
}

inline sensor_v1_Command sleep(uint8_t id, uint32_t duration_s) {
  sensor_v1_Command one = command(id, sensor_v1_Command_sleep_tag);
  one.command.sleep.duration_s = duration_s;
  return one;
}

inline sensor_v1_Command resend(uint8_t id, uint32_t session, uint64_t first, uint64_t last) {
  sensor_v1_Command one = command(id, sensor_v1_Command_resend_tag);
  one.command.resend = {session, first, last};
  return one;
}

inline std::string encoded(const sensor_v1_Command& one) {
  std::string bytes(256, '\0');
  pb_ostream_t stream = pb_ostream_from_buffer(reinterpret_cast<pb_byte_t*>(bytes.data()), bytes.size());
  pb_encode(&stream, sensor_v1_Command_fields, &one);
  bytes.resize(stream.bytes_written);
  return bytes;
}

inline void to(sim::Rig& rig, const sensor_v1_Command& one) {
  const std::string bytes = encoded(one);
  rig.sensor->on_command({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace given
