#include <algorithm>
#include <cstring>

#include "core/messages.h"

// Written by hand, not by nanopb: a batch is large, and goes straight from its frames into the payload.

namespace sensor {
namespace {

constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kSized = 2;
constexpr uint32_t kFixed32 = 5;

// Field numbers are below 16, so a tag is one byte.
constexpr size_t kTag = 1;
constexpr size_t kMaximumVarint32 = 5;
constexpr size_t kMaximumVarint64 = 10;
constexpr size_t kMaximumPosition = 4 * (kTag + kMaximumVarint32);
constexpr size_t kMaximumHeader = (kTag + kMaximumVarint32) + (kTag + kMaximumVarint64) + (kTag + 8) +
                                  (kTag + 8) + (kTag + kMaximumVarint32 + kMaximumPosition);
/// Of a channel beside its samples: its own tag and size, index, the samples' tag and size, scale, offset.
constexpr size_t kMaximumChannelHeader = (kTag + kMaximumVarint32) + (kTag + kMaximumVarint32) +
                                         (kTag + kMaximumVarint32) + (kTag + 4) + (kTag + 4);

constexpr size_t varint_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7U) {
    ++size;
  }
  return size;
}

constexpr uint32_t zigzag(int32_t value) {
  const auto bits = static_cast<uint32_t>(value);
  return (bits << 1U) ^ (value < 0 ? 0xFFFF'FFFFU : 0U);
}

template <typename Number>
bool is_zero(Number value) {  // as proto3 means it: -0.0 is none
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits == 0;
}

/// Appends to a payload that is known to be large enough. Fields that are zero are left out, as proto3 does.
class Writer {
 public:
  explicit Writer(uint8_t* at) : at_(at) {}
  uint8_t* at() const { return at_; }
  void skip(size_t size) { at_ += size; }

  void tag(uint32_t field, uint32_t wire_type) { *at_++ = static_cast<uint8_t>(field << 3U | wire_type); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7U) {
      *at_++ = static_cast<uint8_t>(value | 0x80U);
    }
    *at_++ = static_cast<uint8_t>(value);
  }
  void number(uint32_t field, uint64_t value) {
    if (value != 0) {
      tag(field, kVarint);
      varint(value);
    }
  }
  /// A float, a double, a fixed integer.
  template <typename Number>
  void fixed(uint32_t field, Number value) {
    static_assert(sizeof value == 4 || sizeof value == 8, "protobuf knows no other");
    if (!is_zero(value)) {
      tag(field, sizeof value == 4 ? kFixed32 : kFixed64);
      std::memcpy(at_, &value, sizeof value);  // every target is little endian
      at_ += sizeof value;
    }
  }
  /// The head of a field of that many bytes.
  void sized(uint32_t field, size_t size) {
    tag(field, kSized);
    varint(size);
  }

 private:
  uint8_t* at_;
};

constexpr size_t number_size(uint64_t value) { return value == 0 ? 0 : kTag + varint_size(value); }
constexpr size_t sized_size(size_t size) { return kTag + varint_size(size) + size; }

/// One channel out of frames that lie side by side. The hot path: one load and one store a sample (bytes of
/// them where the target cannot address halves).
template <size_t kSampleBytes>
void copy_channel(const uint8_t* sample, size_t frame_bytes, size_t count, uint8_t* out) {
  for (const uint8_t* end = out + count * kSampleBytes; out != end;
       out += kSampleBytes, sample += frame_bytes) {
    std::memcpy(out, sample, kSampleBytes);
  }
}

struct ChannelSizes {
  size_t samples;  ///< bytes
  size_t message;  ///< bytes
};

ChannelSizes channel_sizes(const hal::SourceInfo& source, size_t index, size_t count) {
  const bool counts = source.format == hal::SampleFormat::kCounts;
  const size_t samples = count * (counts ? sizeof(int16_t) : sizeof(float));
  size_t message = number_size(index) + (samples == 0 ? 0 : sized_size(samples));
  if (counts) {
    message += (is_zero(source.scale) ? 0 : kTag + sizeof(float)) +
               (is_zero(source.offset) ? 0 : kTag + sizeof(float));
  }
  return {samples, message};
}

void write_channel(const hal::SourceInfo& source, size_t index, const uint8_t* frames, size_t count,
                   Writer* out) {
  const bool counts = source.format == hal::SampleFormat::kCounts;
  const ChannelSizes sizes = channel_sizes(source, index, count);
  out->sized(sensor_v1_Measurements_channels_tag, sizes.message);
  out->number(sensor_v1_Channel_index_tag, index);
  if (sizes.samples != 0) {
    out->sized(counts ? sensor_v1_Channel_counts_tag : sensor_v1_Channel_values_tag, sizes.samples);
    if (counts) {
      copy_channel<sizeof(int16_t)>(frames + index * sizeof(int16_t), source.frame_bytes(), count, out->at());
    } else {
      copy_channel<sizeof(float)>(frames + index * sizeof(float), source.frame_bytes(), count, out->at());
    }
    out->skip(sizes.samples);
  }
  if (counts) {
    out->fixed(sensor_v1_Channel_scale_tag, source.scale);
    out->fixed(sensor_v1_Channel_offset_tag, source.offset);
  }
}

void write_position(const Position& position, Writer* out) {
  const uint32_t latitude = zigzag(position.latitude_e7);
  const uint32_t longitude = zigzag(position.longitude_e7);
  const uint32_t altitude = zigzag(position.altitude_mm);
  out->sized(sensor_v1_Measurements_position_tag, number_size(latitude) + number_size(longitude) +
                                                      number_size(altitude) +
                                                      number_size(position.accuracy_mm));
  out->number(sensor_v1_Position_latitude_e7_tag, latitude);
  out->number(sensor_v1_Position_longitude_e7_tag, longitude);
  out->number(sensor_v1_Position_altitude_mm_tag, altitude);
  out->number(sensor_v1_Position_accuracy_mm_tag, position.accuracy_mm);
}

}  // namespace

size_t encode_measurements(const BatchHeader& header, const hal::SourceInfo& source, const void* frames,
                           size_t count, Memory out) {
  size_t room = kMaximumHeader;
  for (size_t index = 0; index < source.channel_count; ++index) {
    room += sized_size(channel_sizes(source, index, count).message);
  }
  if (room > out.size) {
    return 0;
  }
  Writer writer(out.data);
  writer.number(sensor_v1_Measurements_session_tag, header.key.session);
  writer.number(sensor_v1_Measurements_sequence_tag, header.key.sequence);
  writer.fixed(sensor_v1_Measurements_start_time_ns_tag, header.start_time_ns);
  writer.fixed(sensor_v1_Measurements_sample_frequency_hz_tag, header.sample_frequency_hz);
  for (size_t index = 0; index < source.channel_count; ++index) {
    write_channel(source, index, static_cast<const uint8_t*>(frames), count, &writer);
  }
  if (header.position.has_value()) {
    write_position(*header.position, &writer);
  }
  return static_cast<size_t>(writer.at() - out.data);
}

size_t frames_that_fit(const hal::SourceInfo& source, size_t payload_size) {
  const size_t beside = kMaximumHeader + source.channel_count * kMaximumChannelHeader;
  const size_t size = std::min(payload_size, kMaximumMessageBytes);
  return size <= beside ? 0 : std::min((size - beside) / source.frame_bytes(), kMaximumSamples);
}

}  // namespace sensor
