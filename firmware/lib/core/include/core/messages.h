#pragma once

#include <optional>

#include "core/bytes.h"
#include "core/limits.h"
#include "hal/source.h"
#include "sensor.pb.h"

/// Bytes ⇄ messages of proto/sensor.proto. Encoders give the bytes written, 0 where `out` is too small.
namespace sensor {

struct Position {
  int32_t latitude_e7 = 0;
  int32_t longitude_e7 = 0;
  int32_t altitude_mm = 0;
  uint32_t accuracy_mm = 0;  ///< 0: unknown
};

struct BatchHeader {
  BatchKey key;
  int64_t start_time_ns = 0;
  double sample_frequency_hz = 0;
  std::optional<Position> position;
};

/// `frames`: `count` frames, channels side by side. The bytes are those that Python's protobuf writes for the
/// same batch. Each sample is touched once, on its way into `out`.
size_t encode_measurements(const BatchHeader& header, const hal::SourceInfo& source, const void* frames,
                           size_t count, Memory out);
/// The most frames that a payload of that size surely holds, and the cloud accepts (kMaximumSamples,
/// kMaximumMessageBytes).
size_t frames_that_fit(const hal::SourceInfo& source, size_t payload_size);

size_t encode(const sensor_v1_Birth& birth, Memory out);
size_t encode(const sensor_v1_Status& status, Memory out);
size_t encode(const sensor_v1_Log& log, Memory out);
size_t encode(const sensor_v1_CommandAck& ack, Memory out);

/// False where these bytes are no command with an id of 16 bytes and one known kind; such a command can have
/// no answer. What is accepted here wire/messages.py accepts, too. An alarm's texts may have up to
/// kMaximumCommandText bytes: more than a sensor can do, so that such a command is answered (see
/// `acceptable`).
bool decode_command(Bytes payload, sensor_v1_Command* command);

/// An alarm's id or action of a command that `decode_command` gave; ends with NUL.
template <typename BytesField>
const char* text_of(const BytesField& field) {
  return reinterpret_cast<const char*>(field.bytes);
}

/// Copies text into a field of a message: cut at `capacity` - 1 bytes, never inside a UTF-8 character, and
/// ended by NUL.
void copy_text(char* field, size_t capacity, const char* text);

}  // namespace sensor
