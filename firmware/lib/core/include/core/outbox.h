#pragma once

#include <array>

#include "core/limits.h"
#include "hal/store.h"
#include "hal/system.h"
#include "sensor.pb.h"

namespace sensor {

/// One thing that was said and is not held by the broker yet.
enum class Saying : uint8_t { kFree, kWaiting, kUnderWay };

/// The last log lines that the broker does not hold. A line that finds no room takes the oldest one's, which is counted.
class LogQueue {
 public:
  static constexpr size_t kCapacity = 16;

  struct Line {
    uint64_t time_us = 0;  ///< monotonic: the clock may be unknown yet
    uint32_t number = 0;   ///< in order of saying
    hal::LogLevel level = hal::LogLevel::kInfo;
    Saying state = Saying::kFree;
    char logger[16] = {};
    char message[160] = {};
  };

  void add(hal::LogLevel level, const char* logger, const char* message, uint64_t now_us);
  /// The oldest line that waits; null where there is none.
  Line* next();
  Line& at(size_t slot) { return lines_[slot]; }
  size_t slot_of(const Line& line) const { return static_cast<size_t>(&line - lines_.data()); }
  size_t count() const;  ///< lines that the broker does not hold
  uint64_t lost() const { return lost_; }

 private:
  std::array<Line, kCapacity> lines_{};
  uint32_t numbers_ = 0;
  uint64_t lost_ = 0;
};

/// Answers to commands, in the store until the broker holds them: a command is acknowledged to the broker as soon as its
/// answer is here, so it must survive a reboot.
class AnswerQueue {
 public:
  static constexpr size_t kCapacity = 32;

  struct Answer {
    sensor_v1_CommandAck ack = sensor_v1_CommandAck_init_zero;
    uint32_t number = 0;
    Saying state = Saying::kFree;
  };

  explicit AnswerQueue(hal::Store& store) : store_(store) {}
  /// Read after a boot.
  void load();
  /// Keep an answer; where all slots are taken the oldest one's, which is counted. False where the store failed.
  bool add(const sensor_v1_CommandAck& ack);
  Answer* next();
  Answer& at(size_t slot) { return answers_[slot]; }
  size_t slot_of(const Answer& answer) const { return static_cast<size_t>(&answer - answers_.data()); }
  /// The broker holds it.
  void held(size_t slot);
  size_t count() const;
  uint64_t lost() const { return lost_; }

 private:
  hal::Store& store_;
  std::array<Answer, kCapacity> answers_{};
  uint32_t numbers_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace sensor
