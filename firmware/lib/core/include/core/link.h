#pragma once

#include <array>

#include "core/backoff.h"
#include "core/board.h"
#include "core/buffer.h"
#include "core/outbox.h"

namespace sensor {

/// Between a sensor and the broker: what is said first, then batches, as far as the window allows. It publishes again what
/// nobody holds, and connects again with backoff.
class Link {
 public:
  /// Writes the messages that are about now; each gives the bytes written.
  class Writer {
   public:
    virtual size_t write_birth(Memory out) = 0;
    virtual size_t write_status(Memory out) = 0;
    virtual size_t write_last_will(Memory out) = 0;
    /// The broker has acknowledged a birth: this sensor is known.
    virtual void birth_held() = 0;
    /// Unix time of a monotonic time; 0 while the clock is not synchronised.
    virtual int64_t unix_ns_at(uint64_t us) const = 0;

   protected:
    ~Writer() = default;
  };

  Link(const Options& options, const Board& board, Memory payload, Writer& writer, Buffer& buffer);

  /// Read what has to be said since before the boot.
  void load() { answers.load(); }
  /// Connect where it is time, and publish as far as the window allows.
  void pump(uint64_t now_us);
  /// When `pump` has something to do although nothing happens.
  uint64_t due_us() const;
  void say_birth() { birth_due_ = true; }
  void say_status() { status_due_ = true; }
  /// Leave without a last will.
  void disconnect();
  /// Whether the broker holds everything that was said and made.
  bool idle() const;

  void on_connected(uint64_t now_us);
  void on_disconnected(bool refused, uint64_t now_us);
  void on_published(hal::PublishId id, uint8_t reason_code, uint64_t now_us);
  void on_dropped(hal::PublishId id);

  bool connected() const { return state_ == State::kConnected; }
  void count(Counters* counters) const;

  LogQueue logs;
  AnswerQueue answers;

 private:
  enum class State : uint8_t { kIdle, kConnecting, kConnected };
  enum class Kind : uint8_t { kNone, kBirth, kStatus, kLog, kAnswer, kBatch };

  /// A message under way, or one that waits to be published again.
  struct Flight {
    Kind kind = Kind::kNone;
    hal::PublishId id = hal::kNotTaken;  ///< kNotTaken: answered "not held"; again at `retry_us`
    uint64_t retry_us = 0;
    BatchKey key;
    size_t slot = 0;
    size_t size = 0;
  };

  void connect();
  bool publish_said(uint64_t now_us);
  bool publish_batch();
  /// False where the connection takes nothing now.
  bool publish(Kind kind, const char* level, Bytes payload, bool retain, Flight flight);
  void retry(uint64_t now_us);
  void say_again(const Flight& flight);
  void held(const Flight& flight);
  Flight* free_flight();
  Flight* flight_of(hal::PublishId id);
  size_t encode_log(const LogQueue::Line& line);
  void topic_of(const char* level, char* topic, size_t capacity) const;

  const Options& options_;
  hal::Mqtt& mqtt_;
  hal::System& system_;
  Memory payload_;
  Writer& writer_;
  Buffer& buffer_;
  Backoff backoff_;
  State state_ = State::kIdle;
  uint64_t connect_us_ = 0;
  bool birth_due_ = false;
  bool status_due_ = false;
  std::array<Flight, kWindow> flights_{};
  size_t bytes_under_way_ = 0;
  uint64_t acknowledged_ = 0;
  uint64_t not_held_ = 0;
  uint64_t reconnects_ = 0;
};

}  // namespace sensor
