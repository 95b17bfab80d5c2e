#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/sensor.h"
#include "core/synthetic.h"
#include "pb_decode.h"
#include "sim/flash.h"
#include "sim/store.h"

/// A sensor in simulated time, on a simulated board, with a simulated broker.
namespace sim {

constexpr int64_t kEpochNs = 1'800'000'000'000'000'000;  // when the simulation begins

class Clock : public hal::Clock {
 public:
  uint64_t monotonic_us() const override { return us; }
  int64_t unix_ns() const override {
    return synchronised ? kEpochNs + step_ns + static_cast<int64_t>(us - booted_us) * 1000 : 0;
  }
  uint64_t us = 5'000'000;
  uint64_t booted_us = 0;
  int64_t step_ns = 0;
  bool synchronised = true;
};

class System : public hal::System {
 public:
  uint32_t random32() override { return random_ = random_ * 1'664'525U + 1'013'904'223U; }
  uint32_t free_memory_bytes() const override { return 123'456; }
  int32_t rssi_dbm() const override { return -61; }
  float battery_percent() const override { return battery; }
  const char* hardware() const override { return "simulation"; }
  const char* firmware_version() const override { return "1.2.3"; }
  void log(hal::LogLevel level, const char* logger, const char* message) override {
    logs.push_back({level, logger, message});
  }
  void show(hal::Lamp lamp) override { lamps.push_back(lamp); }
  void feed_watchdog() override { ++fed; }
  void reboot() override { rebooted = true; }
  void sleep(uint64_t wake_us) override { sleeps.push_back(wake_us); }
  void confirm_image() override { ++confirmed; }

  struct Line {
    hal::LogLevel level;
    std::string logger;
    std::string message;
  };
  std::vector<Line> logs;
  std::vector<hal::Lamp> lamps;
  std::vector<uint64_t> sleeps;
  float battery = -1;
  bool rebooted = false;
  int confirmed = 0;
  int fed = 0;

 private:
  uint32_t random_ = 7;
};

/// What the broker got.
struct Published {
  std::string level;  // the topic's last
  std::string payload;
  bool retain;
};

/// A broker and the library that talks to it: takes messages, and answers when it is told to or by itself.
class Broker : public hal::Mqtt {
 public:
  void connect(const hal::Message& message) override {
    ++attempts;
    will = {message.topic, std::string(reinterpret_cast<const char*>(message.payload), message.size), message.retain};
    connecting = true;
  }
  void disconnect() override {
    connected = connecting = false;
    ++goodbyes;
  }
  hal::PublishId publish(const hal::Message& message) override {
    if (!connected || under_way.size() >= room) {
      return hal::kNotTaken;
    }
    const std::string topic = message.topic;
    const std::string payload(reinterpret_cast<const char*>(message.payload), message.size);
    under_way.push_back({next_id_, {topic.substr(topic.rfind('/') + 1), payload, message.retain}});
    return next_id_++;
  }

  /// Hand over what happened since. What is under way when the connection is lost stays, as libraries do it.
  void deliver(sensor::Sensor& to) {
    if (connecting) {
      connecting = false;
      if (up) {
        connected = true;
        to.on_connected();
      } else {
        to.on_disconnected(refuses ? sensor::Sensor::Disconnect::kRefused : sensor::Sensor::Disconnect::kLost);
      }
    }
    while (connected && answers && !under_way.empty()) {
      const auto [id, message] = under_way.front();
      under_way.pop_front();
      if (reason == hal::kReasonSuccess) {
        got.push_back(message);
      }
      to.on_published(id, reason);
    }
  }
  void lose(sensor::Sensor& to) {
    if (connected) {
      connected = false;
      to.on_disconnected(sensor::Sensor::Disconnect::kLost);
    }
  }
  std::vector<std::string> of(const std::string& level) const {
    std::vector<std::string> found;
    for (const Published& one : got) {
      if (one.level == level) {
        found.push_back(one.payload);
      }
    }
    return found;
  }

  bool up = true;
  bool refuses = false;
  bool answers = true;
  uint8_t reason = hal::kReasonSuccess;
  size_t room = 1000;
  bool connected = false;
  bool connecting = false;
  int attempts = 0;
  int goodbyes = 0;
  Published will;
  std::vector<Published> got;
  std::deque<std::pair<hal::PublishId, Published>> under_way;

 private:
  hal::PublishId next_id_ = 0;
};

/// A receiver that says what it is told to.
class Gps : public hal::Gps {
 public:
  size_t read(char* text, size_t capacity) override {
    const size_t size = std::min(capacity, said.size());
    std::memcpy(text, said.data(), size);
    said.erase(0, size);
    return size;
  }
  std::string said;
};

/// One batch as the cloud sees it.
struct Batch {
  uint32_t session;
  uint64_t sequence;
  int64_t start_time_ns;
  double sample_frequency_hz;
  size_t channels;
  size_t samples;  // a channel
  bool has_position;
};

inline Batch decode_batch(const std::string& payload) {
  struct Found {
    size_t channels = 0;
    size_t samples = 0;
  } found;
  sensor_v1_Measurements message = sensor_v1_Measurements_init_zero;
  // channels may have callbacks inside: count them on the wire instead
  pb_istream_t stream = pb_istream_from_buffer(reinterpret_cast<const pb_byte_t*>(payload.data()), payload.size());
  pb_wire_type_t type;
  uint32_t tag;
  bool end = false;
  while (pb_decode_tag(&stream, &type, &tag, &end)) {
    uint64_t value = 0;
    switch (tag) {
      case sensor_v1_Measurements_session_tag:
        pb_decode_varint(&stream, &value);
        message.session = static_cast<uint32_t>(value);
        break;
      case sensor_v1_Measurements_sequence_tag:
        pb_decode_varint(&stream, &message.sequence);
        break;
      case sensor_v1_Measurements_start_time_ns_tag:
        pb_decode_fixed64(&stream, &message.start_time_ns);
        break;
      case sensor_v1_Measurements_sample_frequency_hz_tag:
        pb_decode_fixed64(&stream, &message.sample_frequency_hz);
        break;
      case sensor_v1_Measurements_channels_tag: {
        pb_istream_t channel;
        pb_make_string_substream(&stream, &channel);
        pb_wire_type_t inner_type;
        uint32_t inner_tag;
        bool inner_end = false;
        while (pb_decode_tag(&channel, &inner_type, &inner_tag, &inner_end)) {
          if (inner_tag == sensor_v1_Channel_counts_tag) {
            pb_istream_t counts;
            pb_make_string_substream(&channel, &counts);
            found.samples = counts.bytes_left / 2;
            pb_close_string_substream(&channel, &counts);
          } else {
            pb_skip_field(&channel, inner_type);
          }
        }
        pb_close_string_substream(&stream, &channel);
        ++found.channels;
        break;
      }
      case sensor_v1_Measurements_position_tag:
        message.has_position = true;
        pb_skip_field(&stream, type);
        break;
      default:
        pb_skip_field(&stream, type);
    }
  }
  return {message.session, message.sequence,  message.start_time_ns, message.sample_frequency_hz,
          found.channels,  found.samples,     message.has_position};
}

template <typename Message>
Message decode(const pb_msgdesc_t* fields, const std::string& payload) {
  Message message{};
  pb_istream_t stream = pb_istream_from_buffer(reinterpret_cast<const pb_byte_t*>(payload.data()), payload.size());
  if (!pb_decode(&stream, fields, &message)) {
    throw std::runtime_error("not that message");
  }
  return message;
}

struct RigOptions {
  double sample_frequency_hz = 100;
  double batch_duration_s = 1;
  size_t ring_bytes = 16 * 1024;
  size_t payload_bytes = 8 * 1024;
  uint32_t spool_bytes = 0;
  size_t window_bytes = 64 * 1024;
  size_t frames_bytes = 16 * 1024;
};

/// Everything that survives a power cut, and a sensor that boots from it.
class Rig {
 public:
  /// `measures` instead of the synthetic source, where it is given.
  explicit Rig(const RigOptions& options = {}, hal::Source* measures = nullptr)
      : options_(options),
        measures_(measures == nullptr ? &source : measures),
        frames_(options.frames_bytes),
        payload_(options.payload_bytes),
        scratch_(options.payload_bytes),
        ring_(options.ring_bytes) {
    if (options.spool_bytes != 0) {
      flash = std::make_unique<Flash>(options.spool_bytes, 4096);
    }
    boot();
  }

  /// Power comes (again): what was in memory is gone, and so is the connection.
  void boot() {
    broker.connected = broker.connecting = false;
    broker.under_way.clear();
    system.rebooted = false;
    sensor.reset();
    sensor = std::make_unique<sensor::Sensor>(
        sensor::Options{"sim-1", options_.sample_frequency_hz, options_.batch_duration_s, options_.window_bytes},
        sensor::Board{clock, *measures_, broker, store, system, flash.get(), &gps},
        sensor::Workspace{{frames_.data(), frames_.size()},
                          {payload_.data(), payload_.size()},
                          {scratch_.data(), scratch_.size()},
                          {ring_.data(), ring_.size()}});
    sensor->begin();
  }

  void run_s(double seconds) {
    const uint64_t end = clock.us + static_cast<uint64_t>(seconds * 1e6);
    for (;;) {
      const uint64_t due = sensor->tick();
      broker.deliver(*sensor);
      if (system.rebooted) {
        boot();
        continue;
      }
      if (clock.us >= end) {
        return;
      }
      // never further than 10 ms, as answers of a broker come while a sensor waits
      clock.us = std::min({std::max(due, clock.us + 1), end, clock.us + 10'000});
    }
  }

  std::vector<Batch> batches() const {
    std::vector<Batch> found;
    for (const std::string& payload : broker.of("measurements")) {
      found.push_back(decode_batch(payload));
    }
    return found;
  }
  sensor_v1_Status status() const {
    return decode<sensor_v1_Status>(sensor_v1_Status_fields, broker.of("status").back());
  }
  std::vector<sensor_v1_CommandAck> acks() const {
    std::vector<sensor_v1_CommandAck> found;
    for (const std::string& payload : broker.of("acks")) {
      found.push_back(decode<sensor_v1_CommandAck>(sensor_v1_CommandAck_fields, payload));
    }
    return found;
  }
  int64_t now_ns() const { return clock.unix_ns(); }

  Clock clock;
  System system;
  Broker broker;
  Store store;
  std::unique_ptr<Flash> flash;
  Gps gps;
  sensor::Synthetic source;
  std::unique_ptr<sensor::Sensor> sensor;

 private:
  RigOptions options_;
  hal::Source* measures_;
  std::vector<uint8_t> frames_, payload_, scratch_, ring_;
};

}  // namespace sim
