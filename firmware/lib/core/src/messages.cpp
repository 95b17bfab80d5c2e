#include "core/messages.h"

#include <algorithm>
#include <cstring>

#include "pb_decode.h"
#include "pb_encode.h"
#include "utf8.h"

namespace sensor {
namespace {

constexpr size_t kIdSize = 16;

size_t encode_message(const pb_msgdesc_t* fields, const void* message, Memory out) {
  pb_ostream_t stream = pb_ostream_from_buffer(out.data, out.size);
  return pb_encode(&stream, fields, message) ? stream.bytes_written : 0;
}

/// A text that came as bytes: UTF-8 without a NUL. Ends it with one.
template <typename BytesField>
bool end_text(BytesField* field) {
  static_assert(sizeof field->bytes == kMaximumCommandText + 1, "the last byte is for the NUL");
  if (field->size > kMaximumCommandText) {
    return false;
  }
  field->bytes[field->size] = 0;
  return std::memchr(field->bytes, 0, field->size) == nullptr && is_utf8({field->bytes, field->size});
}

}  // namespace

size_t encode(const sensor_v1_Birth& birth, Memory out) {
  return encode_message(sensor_v1_Birth_fields, &birth, out);
}
size_t encode(const sensor_v1_Status& status, Memory out) {
  return encode_message(sensor_v1_Status_fields, &status, out);
}
size_t encode(const sensor_v1_Log& log, Memory out) {
  return encode_message(sensor_v1_Log_fields, &log, out);
}
size_t encode(const sensor_v1_CommandAck& ack, Memory out) {
  return encode_message(sensor_v1_CommandAck_fields, &ack, out);
}

bool decode_command(Bytes payload, sensor_v1_Command* command) {
  *command = sensor_v1_Command_init_zero;
  pb_istream_t stream = pb_istream_from_buffer(payload.data, payload.size);
  if (!pb_decode(&stream, sensor_v1_Command_fields, command)) {
    return false;
  }
  if (command->id.size != kIdSize || command->which_command == 0 || command->issued_time_ns < 0 ||
      command->expiry_time_ns < 0) {
    return false;
  }
  if (command->which_command == sensor_v1_Command_trigger_alarm_tag) {
    sensor_v1_TriggerAlarm& alarm = command->command.trigger_alarm;
    return end_text(&alarm.alarm_id) && end_text(&alarm.action);
  }
  return true;
}

void copy_text(char* field, size_t capacity, const char* text) {
  size_t size = 0;
  while (size + 1 < capacity && text[size] != '\0') {
    ++size;
  }
  const auto continues = [](char byte) { return (static_cast<uint8_t>(byte) & 0xC0U) == 0x80U; };
  if (text[size] != '\0') {  // cut: back to where a character begins
    while (size != 0 && continues(text[size])) {
      --size;
    }
  }
  std::memcpy(field, text, size);
  field[size] = '\0';
}

}  // namespace sensor
