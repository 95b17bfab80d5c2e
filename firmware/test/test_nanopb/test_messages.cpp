#include <array>
#include <cstdint>
#include <cstring>

#include <doctest.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <sensor.pb.h>

// The generated code and nanopb's runtime fit each other, with the values that break where they do not.

namespace {

constexpr std::size_t kMaximumStatus = sensor_v1_Status_size;

}  // namespace

TEST_CASE("a status comes back as it was, absent fields included") {
  sensor_v1_Status status = sensor_v1_Status_init_zero;
  status.state = sensor_v1_State_STATE_AWAKE;
  status.sample_frequency_hz = 26'667.25;
  status.uptime_ms = 1ULL << 40;
  status.session = 0xFFFF'FFFF;
  status.has_last_sequence = true;
  status.last_sequence = 0;  // present, though it is what an absent one reads as
  std::array<std::uint8_t, kMaximumStatus> bytes{};
  pb_ostream_t out = pb_ostream_from_buffer(bytes.data(), bytes.size());
  REQUIRE(pb_encode(&out, sensor_v1_Status_fields, &status));

  sensor_v1_Status read = sensor_v1_Status_init_zero;
  pb_istream_t in = pb_istream_from_buffer(bytes.data(), out.bytes_written);
  REQUIRE(pb_decode(&in, sensor_v1_Status_fields, &read));
  CHECK(read.state == sensor_v1_State_STATE_AWAKE);
  CHECK(read.sample_frequency_hz == 26'667.25);
  CHECK(read.uptime_ms == 1ULL << 40);
  CHECK(read.session == 0xFFFF'FFFF);
  CHECK(read.has_last_sequence);
  CHECK(read.last_sequence == 0);
  CHECK_FALSE(read.has_oldest_buffered_sequence);
}

TEST_CASE("a status that is cut short is refused") {
  sensor_v1_Status status = sensor_v1_Status_init_zero;
  status.session = 77;
  status.sample_frequency_hz = 1.0;
  std::array<std::uint8_t, kMaximumStatus> bytes{};
  pb_ostream_t out = pb_ostream_from_buffer(bytes.data(), bytes.size());
  REQUIRE(pb_encode(&out, sensor_v1_Status_fields, &status));
  sensor_v1_Status read = sensor_v1_Status_init_zero;
  pb_istream_t in = pb_istream_from_buffer(bytes.data(), out.bytes_written - 1);
  CHECK_FALSE(pb_decode(&in, sensor_v1_Status_fields, &read));
}

TEST_CASE("a text that is longer than its bound is refused, not cut") {
  sensor_v1_CommandAck ack = sensor_v1_CommandAck_init_zero;
  const std::size_t longest = sizeof ack.reason - 1;
  std::memset(ack.reason, 'x', longest);
  std::array<std::uint8_t, sensor_v1_CommandAck_size + 8> bytes{};
  pb_ostream_t out = pb_ostream_from_buffer(bytes.data(), bytes.size());
  REQUIRE(pb_encode_tag(&out, PB_WT_STRING, sensor_v1_CommandAck_reason_tag));
  std::array<pb_byte_t, sizeof ack.reason> text{};
  text.fill('x');
  REQUIRE(pb_encode_string(&out, text.data(), longest + 1));
  pb_istream_t in = pb_istream_from_buffer(bytes.data(), out.bytes_written);
  CHECK_FALSE(pb_decode(&in, sensor_v1_CommandAck_fields, &ack));
}
