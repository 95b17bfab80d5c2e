// Answers of the core, for tests that compare it with the cloud's Python. Each request on the standard input
// is a size (32 bits, little endian) and so many bytes: a letter, then what it asks about. Each answer is a
// size and bytes, too.
//
//   m b s l a  a message as Python encodes it -> decoded by nanopb and encoded by the core, or nothing
//   c          maximum frequency (double), a command -> '-' where it is none; else '+' or '!' (acceptable or not),
//              the reason, NUL, and the command encoded again by nanopb
//   t          start (int64), index (uint64), frequency (double) -> sample_time_ns (int64)
//   u          elapsed (int64), frequency (double) -> samples_until (uint64)
//   g          a double -> its text

#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/command_check.h"
#include "core/messages.h"
#include "core/number_text.h"
#include "core/timebase.h"
#include "pb_decode.h"
#include "pb_encode.h"

namespace {

using Buffer = std::vector<uint8_t>;

/// Takes values off the front of a request.
class Reader {
 public:
  explicit Reader(const Buffer& request) : at_(request.data()), end_(request.data() + request.size()) {}

  template <typename Value>
  Value take() {
    Value value{};
    if (static_cast<size_t>(end_ - at_) >= sizeof value) {
      std::memcpy(&value, at_, sizeof value);
      at_ += sizeof value;
    }
    return value;
  }
  sensor::Bytes rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

template <typename Value>
Buffer bytes_of(Value value) {
  Buffer bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

bool append(pb_istream_t* stream, const pb_field_t* /*field*/, void** arg) {
  auto* samples = static_cast<Buffer*>(*arg);
  const size_t before = samples->size();
  const size_t more = stream->bytes_left;
  samples->resize(before + more);
  return pb_read(stream, samples->data() + before, more);
}

Buffer measurements(sensor::Bytes payload) {
  sensor_v1_Measurements message = sensor_v1_Measurements_init_zero;
  std::vector<Buffer> values(std::size(message.channels));
  std::vector<Buffer> counts(std::size(message.channels));
  for (size_t index = 0; index < std::size(message.channels); ++index) {
    message.channels[index].values = {{append}, &values[index]};
    message.channels[index].counts = {{append}, &counts[index]};
  }
  pb_istream_t stream = pb_istream_from_buffer(payload.data, payload.size);
  if (!pb_decode(&stream, sensor_v1_Measurements_fields, &message) || message.channels_count == 0) {
    return {};
  }
  const bool as_counts = !counts[0].empty();
  const size_t sample_bytes = as_counts ? sizeof(int16_t) : sizeof(float);
  const std::vector<Buffer>& samples = as_counts ? counts : values;
  const size_t count = samples[0].size() / sample_bytes;
  const size_t channels = message.channels_count;
  Buffer frames(count * channels * sample_bytes);
  for (size_t index = 0; index < channels; ++index) {
    if (samples[index].size() != count * sample_bytes || message.channels[index].index != index) {
      return {};
    }
    for (size_t sample = 0; sample < count; ++sample) {
      std::memcpy(frames.data() + (sample * channels + index) * sample_bytes,
                  samples[index].data() + sample * sample_bytes, sample_bytes);
    }
  }
  hal::SourceInfo source{};
  source.channel_count = channels;
  source.format = as_counts ? hal::SampleFormat::kCounts : hal::SampleFormat::kFloat;
  source.scale = message.channels[0].scale;
  source.offset = message.channels[0].offset;
  sensor::BatchHeader header;
  header.key = {message.session, message.sequence};
  header.start_time_ns = message.start_time_ns;
  header.sample_frequency_hz = message.sample_frequency_hz;
  if (message.has_position) {
    const sensor_v1_Position& position = message.position;
    header.position = sensor::Position{position.latitude_e7, position.longitude_e7, position.altitude_mm,
                                       position.accuracy_mm};
  }
  // as small as the core promises to be content with; the last frame that fits is there
  Buffer out(payload.size + 64);
  while (sensor::frames_that_fit(source, out.size()) < count) {
    out.resize(out.size() + 1);
  }
  out.resize(sensor::encode_measurements(header, source, frames.data(), count, {out.data(), out.size()}));
  return out;
}

template <typename Message>
Buffer again(sensor::Bytes payload, const pb_msgdesc_t* fields) {
  Message message{};
  pb_istream_t stream = pb_istream_from_buffer(payload.data, payload.size);
  if (!pb_decode(&stream, fields, &message)) {
    return {};
  }
  Buffer out(payload.size + 64);
  out.resize(sensor::encode(message, {out.data(), out.size()}));
  return out;
}

Buffer command(Reader request) {
  const auto maximum_hz = request.take<double>();
  sensor_v1_Command message;
  if (!sensor::decode_command(request.rest(), &message)) {
    return {'-'};
  }
  char reason[sizeof(sensor_v1_CommandAck::reason)];
  Buffer answer{
      static_cast<uint8_t>(sensor::acceptable(message, maximum_hz, reason, sizeof reason) ? '+' : '!')};
  answer.insert(answer.end(), reason, reason + std::strlen(reason) + 1);
  const size_t before = answer.size();
  answer.resize(before + sensor_v1_Command_size);
  pb_ostream_t stream = pb_ostream_from_buffer(answer.data() + before, sensor_v1_Command_size);
  answer.resize(before + (pb_encode(&stream, sensor_v1_Command_fields, &message) ? stream.bytes_written : 0));
  return answer;
}

Buffer text_of_number(double number) {
  char text[32];
  sensor::Text writer(text, sizeof text);
  sensor::add_number(writer, number);
  return {text, text + std::strlen(text)};
}

std::optional<Buffer> answer_to(const Buffer& request) {
  Reader reader(request);
  switch (reader.take<char>()) {
    case 'm':
      return measurements(reader.rest());
    case 'b':
      return again<sensor_v1_Birth>(reader.rest(), sensor_v1_Birth_fields);
    case 's':
      return again<sensor_v1_Status>(reader.rest(), sensor_v1_Status_fields);
    case 'l':
      return again<sensor_v1_Log>(reader.rest(), sensor_v1_Log_fields);
    case 'a':
      return again<sensor_v1_CommandAck>(reader.rest(), sensor_v1_CommandAck_fields);
    case 'c':
      return command(reader);
    case 't': {
      const auto start_ns = reader.take<int64_t>();
      const auto index = reader.take<uint64_t>();
      return bytes_of(sensor::sample_time_ns(start_ns, index, reader.take<double>()));
    }
    case 'u': {
      const auto elapsed_ns = reader.take<int64_t>();
      return bytes_of(sensor::samples_until(elapsed_ns, reader.take<double>()));
    }
    case 'g':
      return text_of_number(reader.take<double>());
    default:
      return std::nullopt;
  }
}

bool read_request(Buffer* request) {
  uint32_t size = 0;
  if (std::fread(&size, sizeof size, 1, stdin) != 1) {
    return false;
  }
  request->resize(size);
  return std::fread(request->data(), 1, size, stdin) == size;
}

}  // namespace

int main() {
  Buffer request;
  while (read_request(&request)) {
    const std::optional<Buffer> answer = answer_to(request);
    if (!answer.has_value()) {
      return 2;
    }
    const auto size = static_cast<uint32_t>(answer->size());
    std::fwrite(&size, sizeof size, 1, stdout);
    std::fwrite(answer->data(), 1, size, stdout);
    if (std::fflush(stdout) != 0) {
      return 1;
    }
  }
  return 0;
}
