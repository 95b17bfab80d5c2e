#pragma once

#include <cstdint>
#include <cstring>

#include "core/board.h"

/// A board in memory that costs next to nothing: what is counted is the core.
namespace board {

// NOLINTBEGIN(misc-const-correctness,bugprone-infinite-loop): the checker sees no writes of assembler
inline uint64_t instructions() {
  uint32_t high = 0;
  uint32_t low = 0;
  uint32_t again = 0;
  do {
    asm volatile("csrr %0, minstreth" : "=r"(high));
    asm volatile("csrr %0, minstret" : "=r"(low));
    asm volatile("csrr %0, minstreth" : "=r"(again));
  } while (high != again);
  return (uint64_t{high} << 32) | low;
}
// NOLINTEND(misc-const-correctness,bugprone-infinite-loop)

class Clock final : public hal::Clock {
 public:
  uint64_t monotonic_us() const override { return us; }
  int64_t unix_ns() const override { return 1'800'000'000'000'000'000 + static_cast<int64_t>(us) * 1000; }
  uint64_t us = 1'000'000;
};

/// Counts that follow from their number, copied as a driver copies them from its ring.
class Source final : public hal::Source {
 public:
  Source() : info_{"vibration", kChannels, 3, hal::SampleFormat::kCounts, 1.0F / 2048, 0, 26'667, false} {
    for (size_t at = 0; at < sizeof table_ / sizeof *table_; ++at) {
      table_[at] = static_cast<int16_t>(at * 2'654'435'761U >> 16);
    }
  }
  const hal::SourceInfo& info() const override { return info_; }
  bool start(double, uint64_t) override { return true; }
  void stop() override {}
  hal::Reading read(void* frames, size_t maximum_frames, uint64_t) override {
    hal::Reading reading;
    reading.frames = waiting < maximum_frames ? waiting : maximum_frames;
    reading.frames = reading.frames < kTableFrames ? reading.frames : kTableFrames;
    std::memcpy(frames, table_, reading.frames * info_.frame_bytes());
    waiting -= reading.frames;
    return reading;
  }
  size_t waiting = 0;

 private:
  static constexpr hal::Channel kChannels[] = {{"x", "acceleration", "g", -16, 16},
                                               {"y", "acceleration", "g", -16, 16},
                                               {"z", "acceleration", "g", -16, 16}};
  static constexpr size_t kTableFrames = 512;
  hal::SourceInfo info_;
  int16_t table_[kTableFrames * 3];
};

class Mqtt final : public hal::Mqtt {
 public:
  void connect(const hal::Message&) override { wanted = true; }
  void disconnect() override {}
  hal::PublishId publish(const hal::Message& message) override {
    bytes += message.size;
    newest = message;
    return up ? next++ : hal::kNotTaken;
  }
  bool up = true;
  bool wanted = false;
  uint64_t bytes = 0;
  hal::Message newest{};
  hal::PublishId answered = 0;
  hal::PublishId next = 0;
};

/// Keeps the newest 16 values of up to 200 bytes: enough to carry on, too little to cost.
class Store final : public hal::Store {
 public:
  size_t get(const char*, void*, size_t) const override { return 0; }
  bool set(const char*, const void*, size_t) override { return true; }
  bool erase(const char*) override { return true; }
};

class Flash final : public hal::Flash {
 public:
  uint32_t size() const override { return sizeof memory_; }
  uint32_t sector_size() const override { return 4096; }
  bool read(uint32_t offset, void* data, size_t size) override {
    std::memcpy(data, memory_ + offset, size);
    return true;
  }
  bool write(uint32_t offset, const void* data, size_t size) override {
    std::memcpy(memory_ + offset, data, size);
    return true;
  }
  bool erase(uint32_t sector) override {
    std::memset(memory_ + sector * 4096, 0xFF, 4096);
    return true;
  }

 private:
  uint8_t memory_[64 * 1024];
};

class System final : public hal::System {
 public:
  uint32_t random32() override { return 0x5EED0001U; }
  uint32_t free_memory_bytes() const override { return 200'000; }
  int32_t rssi_dbm() const override { return -60; }
  float battery_percent() const override { return -1; }
  const char* hardware() const override { return "rv32imc"; }
  const char* firmware_version() const override { return "1"; }
  void log(hal::LogLevel, const char*, const char*) override {}
  void show(hal::Lamp) override {}
  void feed_watchdog() override {}
  void reboot() override {}
  void sleep(uint64_t) override {}
  void confirm_image() override {}
};

}  // namespace board
