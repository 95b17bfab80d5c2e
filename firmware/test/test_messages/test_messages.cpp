#include <doctest.h>

#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/messages.h"
#include "pb_encode.h"

// Byte for byte against Python's protobuf: tests/firmware/test_vectors.py.

namespace {

using Buffer = std::vector<uint8_t>;

hal::SourceInfo counts(size_t channels, float scale, float offset) {
  hal::SourceInfo source{};
  source.channel_count = channels;
  source.format = hal::SampleFormat::kCounts;
  source.scale = scale;
  source.offset = offset;
  return source;
}

hal::SourceInfo floats(size_t channels) {
  hal::SourceInfo source{};
  source.channel_count = channels;
  source.format = hal::SampleFormat::kFloat;
  return source;
}

/// The largest of everything.
sensor::BatchHeader longest_header() {
  sensor::BatchHeader header;
  header.key = {0xFFFF'FFFF, UINT64_MAX};
  header.start_time_ns = -1;
  header.sample_frequency_hz = 1.0 / 3;
  header.position = sensor::Position{INT32_MIN, INT32_MIN, INT32_MIN, 0xFFFF'FFFF};
  return header;
}

Buffer encoded(const sensor::BatchHeader& header, const hal::SourceInfo& source, const void* frames,
               size_t count) {
  Buffer out(4096);
  out.resize(sensor::encode_measurements(header, source, frames, count, {out.data(), out.size()}));
  return out;
}

Buffer encoded(const sensor_v1_Command& command) {
  Buffer out(sensor_v1_Command_size);
  pb_ostream_t stream = pb_ostream_from_buffer(out.data(), out.size());
  REQUIRE(pb_encode(&stream, sensor_v1_Command_fields, &command));
  out.resize(stream.bytes_written);
  return out;
}

bool decodes(const Buffer& payload, sensor_v1_Command* command) {
  return sensor::decode_command({payload.data(), payload.size()}, command);
}

template <typename BytesField>
void write(BytesField* field, const std::string& text) {
  REQUIRE(text.size() <= sizeof field->bytes);
  field->size = static_cast<pb_size_t>(text.size());
  std::memcpy(field->bytes, text.data(), text.size());
}

sensor_v1_Command alarm(const std::string& alarm_id, const std::string& action) {
  sensor_v1_Command command = sensor_v1_Command_init_zero;
  write(&command.id, "0123456789abcdef");
  command.which_command = sensor_v1_Command_trigger_alarm_tag;
  write(&command.command.trigger_alarm.alarm_id, alarm_id);
  write(&command.command.trigger_alarm.action, action);
  return command;
}

std::string copied(size_t capacity, const char* text) {
  char field[64];
  std::memset(field, '#', sizeof field);
  sensor::copy_text(field, capacity, text);
  CHECK(field[capacity] == '#');
  return field;
}

}  // namespace

TEST_CASE("a batch of counts is written as the contract has it, zeros left out") {
  const int16_t frames[] = {1, -2, 0x0304, 5};
  sensor::BatchHeader header;
  header.key = {7, 0};
  header.start_time_ns = 1;
  header.sample_frequency_hz = 1;
  const Buffer expected{0x08, 7,                             // session; sequence 0 is left out
                        0x19, 1, 0, 0, 0, 0, 0, 0, 0,        // start
                        0x21, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F,  // frequency
                        // channels 0 and 1: index, counts, scale; offset 0 is left out
                        0x2A, 11, 0x1A, 4, 1, 0, 0x04, 0x03, 0x25, 0, 0, 0, 0x3F,  //
                        0x2A, 13, 0x08, 1, 0x1A, 4, 0xFE, 0xFF, 5, 0, 0x25, 0, 0, 0, 0x3F};
  CHECK(encoded(header, counts(2, 0.5F, 0), frames, 2) == expected);
}

TEST_CASE("a batch of floats with a position is written as the contract has it") {
  const float frames[] = {1.0F};
  sensor::BatchHeader header;
  header.key = {0, 300};
  header.position = sensor::Position{-1, 0, 2, 0};
  const Buffer expected{0x10, 0xAC, 0x02, 0x2A, 6, 0x12, 4, 0, 0, 0x80, 0x3F, 0x32, 4, 0x08, 1, 0x18, 4};
  CHECK(encoded(header, floats(1), frames, 1) == expected);
}

TEST_CASE("as many frames as are said to fit do, with the largest of everything, and never a byte too far") {
  std::mt19937 random(1);
  size_t wrong = 0;
  for (const bool as_counts : {true, false}) {
    for (size_t channels = 1; channels <= hal::kMaximumChannels; ++channels) {
      const hal::SourceInfo source = as_counts ? counts(channels, 1.5F, -0.5F) : floats(channels);
      for (int round = 0; round < 50; ++round) {
        const size_t size = random() % 3000;
        const size_t fits = sensor::frames_that_fit(source, size);
        const Buffer frames((fits + 1) * source.frame_bytes(), 0xFF);
        Buffer out(size + 1, 0x5A);
        const size_t written =
            sensor::encode_measurements(longest_header(), source, frames.data(), fits, {out.data(), size});
        wrong += written <= size && (written != 0 || fits == 0) && out[size] == 0x5A ? 0 : 1;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a batch that does not fit is not written") {
  const hal::SourceInfo source = counts(3, 1, 0);
  const Buffer frames(200 * source.frame_bytes());
  Buffer out(200 * source.frame_bytes(), 0x5A);
  CHECK(sensor::encode_measurements(longest_header(), source, frames.data(), 200, {out.data(), out.size()}) ==
        0);
  CHECK(out == Buffer(out.size(), 0x5A));
  CHECK(sensor::encode_measurements(longest_header(), source, frames.data(), 200, {nullptr, 0}) == 0);
}

TEST_CASE("no payload holds more frames than the cloud accepts") {
  CHECK(sensor::frames_that_fit(counts(1, 1, 0), SIZE_MAX) == sensor::kMaximumSamples);
  const hal::SourceInfo source = floats(16);
  const size_t fits = sensor::frames_that_fit(source, SIZE_MAX);
  CHECK(fits == sensor::frames_that_fit(source, sensor::kMaximumMessageBytes));
  CHECK(fits * source.frame_bytes() <= sensor::kMaximumMessageBytes);
  CHECK((fits + 10) * source.frame_bytes() > sensor::kMaximumMessageBytes);
  CHECK(sensor::frames_that_fit(source, 0) == 0);
}

TEST_CASE("a message that does not fit is not written") {
  sensor_v1_Status status = sensor_v1_Status_init_zero;
  status.session = 300;
  std::array<uint8_t, 3> out{};
  CHECK(sensor::encode(status, {out.data(), 3}) == 3);
  CHECK(sensor::encode(status, {out.data(), 2}) == 0);
}

TEST_CASE("a command comes as it was sent, its texts ended by NUL") {
  sensor_v1_Command command;
  const std::string longest(sensor::kMaximumCommandText, 'x');
  REQUIRE(decodes(encoded(alarm("hot", longest)), &command));
  CHECK(std::string(sensor::text_of(command.command.trigger_alarm.alarm_id)) == "hot");
  CHECK(std::string(sensor::text_of(command.command.trigger_alarm.action)) == longest);
  CHECK(std::memcmp(command.id.bytes, "0123456789abcdef", 16) == 0);
}

TEST_CASE("a text that comes twice is the second one, however long the first was") {
  const Buffer first = encoded(alarm(std::string(200, 'x'), ""));
  const Buffer second = encoded(alarm("hot", ""));
  Buffer both = first;
  both.insert(both.end(), second.begin(), second.end());
  sensor_v1_Command command;
  REQUIRE(decodes(both, &command));
  CHECK(std::string(sensor::text_of(command.command.trigger_alarm.alarm_id)) == "hot");
}

TEST_CASE("a text with a NUL in it, too long a one, or no UTF-8 is no command") {
  sensor_v1_Command command;
  for (const std::string& wrong :
       {std::string(1, '\0'), std::string("a\0b", 3), std::string(257, 'x'), std::string("\xFF"),
        std::string("\xC0\x80"), std::string("\xED\xA0\x80"), std::string("\xF4\x90\x80\x80"),
        std::string("\xE2\x82"), std::string("\x80")}) {
    CHECK_FALSE(decodes(encoded(alarm(wrong, "")), &command));
    CHECK_FALSE(decodes(encoded(alarm("hot", wrong)), &command));
  }
  CHECK(decodes(encoded(alarm("\xC2\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", "")),
                &command));
}

TEST_CASE("without an id of 16 bytes, a kind, or with a time before 1970 it is no command") {
  sensor_v1_Command right = sensor_v1_Command_init_zero;
  write(&right.id, std::string(16, '\0'));
  right.which_command = sensor_v1_Command_reboot_tag;
  sensor_v1_Command command;
  CHECK(decodes(encoded(right), &command));

  sensor_v1_Command wrong = right;
  wrong.id.size = 15;
  CHECK_FALSE(decodes(encoded(wrong), &command));
  wrong.id.size = 0;
  CHECK_FALSE(decodes(encoded(wrong), &command));
  wrong = right;
  wrong.which_command = 0;
  CHECK_FALSE(decodes(encoded(wrong), &command));
  wrong = right;
  wrong.issued_time_ns = -1;
  CHECK_FALSE(decodes(encoded(wrong), &command));
  wrong = right;
  wrong.expiry_time_ns = -1;
  CHECK_FALSE(decodes(encoded(wrong), &command));
  CHECK_FALSE(decodes({}, &command));
}

TEST_CASE("a command that is cut anywhere is none, unless what is left is a whole one") {
  const Buffer whole = encoded(alarm("hot", "stop the pump"));
  sensor_v1_Command command;
  for (size_t size = 0; size < whole.size(); ++size) {
    const Buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(decodes(cut, &command));
  }
}

TEST_CASE("random bytes are no command, and nothing is read beyond them") {
  std::mt19937 random(5);
  const Buffer whole = encoded(alarm("hot", "stop the pump"));
  sensor_v1_Command command;
  size_t wrong = 0;
  for (int round = 0; round < 20'000; ++round) {
    Buffer damaged(whole);
    for (uint32_t change = random() % 4; change != 0xFFFF'FFFF; --change) {
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    }
    damaged.resize(random() % (damaged.size() + 1));
    damaged.shrink_to_fit();
    if (decodes(damaged, &command)) {
      wrong += command.id.size == 16 && command.which_command != 0 ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a text that is cut ends behind a whole character") {
  CHECK(copied(8, "") == "");
  CHECK(copied(8, "1234567") == "1234567");
  CHECK(copied(8, "12345678") == "1234567");
  CHECK(copied(8, "123456\xC3\xA9") == "123456");
  CHECK(copied(9, "123456\xC3\xA9") == "123456\xC3\xA9");
  CHECK(copied(9, "12345\xF0\x9F\x99\x82") == "12345");
  CHECK(copied(8, "\xF0\x9F\x99\x82\xF0\x9F\x99\x82") == "\xF0\x9F\x99\x82");
  CHECK(copied(1, "1234") == "");
}
