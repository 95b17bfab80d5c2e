#pragma once

#include "core/board.h"
#include "core/command_memory.h"
#include "core/link.h"
#include "core/nmea.h"
#include "core/recorder.h"
#include "core/saved_state.h"

namespace sensor {

/// A sensor: what docs/sensor.md says. One task owns it and calls everything here.
///
///     Sensor sensor(options, board, workspace);
///     sensor.begin();
///     for (;;) { hand over events; sleep until sensor.tick(); }
class Sensor final : private Link::Writer {
 public:
  Sensor(const Options& options, const Board& board, const Workspace& workspace);

  /// Boot: state, frequency, known commands and unsent batches come from store and flash; a new session begins.
  void begin();
  /// Do all that is due; the monotonic time in µs at which there is something to do again, at the latest.
  uint64_t tick();
  /// A clean stop: closes the batch and says goodbye. Go on calling `tick` until `stopped`.
  void stop();
  bool stopped() const;  ///< everything is acknowledged and the connection is closed
  /// Put into flash what would be lost, without waiting for the broker. Before power goes, or when a stop takes too long.
  void save();

  // What the connection reports.
  void on_connected();
  enum class Disconnect : uint8_t {
    kLost,     ///< try again soon
    kRefused,  ///< credentials are not accepted, or another client took the name: try again every five minutes
  };
  void on_disconnected(Disconnect why);
  void on_published(hal::PublishId id, uint8_t reason_code);
  void on_dropped(hal::PublishId id);
  /// A command, as it came. When this returns, its id and its answer cannot be lost any more by a reboot: it may be
  /// acknowledged.
  void on_command(Bytes payload);

  uint32_t session() const { return recorder_.session(); }
  sensor_v1_State state() const;
  double sample_frequency_hz() const { return frequency_hz_; }
  uint64_t next_sequence() const { return recorder_.next_sequence(); }
  uint32_t buffered_batches() const { return buffer_.not_held(); }
  bool connected() const { return link_.connected(); }
  Counters counters() const;

 private:
  // Link::Writer
  size_t write_birth(Memory out) override;
  size_t write_status(Memory out) override;
  size_t write_last_will(Memory out) override;
  void birth_held() override;
  int64_t unix_ns_at(uint64_t us) const override;

  // Time.
  void follow_clock(uint64_t now_us);
  void note_wake_time();
  void read_gps(uint64_t now_us);
  std::optional<Position> position(uint64_t now_us) const;

  // States.
  void start_run(uint64_t now_us);
  void watch_source(uint64_t now_us);
  void fall_asleep(uint32_t duration_s, uint64_t now_us);
  void wake(uint64_t now_us);
  void change_state(bool asleep, uint64_t now_us);
  void save_state();
  void reboot_when_answered(uint64_t now_us);

  // Commands. Each judgement gives the outcome; `reason` says why one is rejected.
  sensor_v1_Outcome judge(const sensor_v1_Command& command, uint64_t now_us, char* reason, size_t capacity);
  sensor_v1_Outcome apply(const sensor_v1_Command& command, uint64_t now_us, char* reason, size_t capacity);
  sensor_v1_Outcome resend(const sensor_v1_Resend& wanted, char* reason, size_t capacity);

  void log(hal::LogLevel level, const char* logger, const char* message, uint64_t now_us);

  Options options_;
  Board board_;
  std::optional<Spool> spool_;
  Buffer buffer_;
  Recorder recorder_;
  Link link_;
  CommandMemory commands_;
  Nmea nmea_;

  SavedState saved_;
  double frequency_hz_ = 0;
  uint64_t boot_us_ = 0;
  uint64_t status_us_ = 0;     ///< when the last status was said
  bool synchronised_ = false;
  int64_t offset_ns_ = 0;      ///< Unix time less monotonic time
  uint64_t wake_us_ = 0;       ///< 0: none
  uint64_t source_retry_us_ = 0;
  uint64_t reboot_us_ = 0;     ///< at the latest; 0: none wanted
  bool stopping_ = false;
  bool last_status_due_ = false;
  bool stopped_ = false;
  Counters counters_;
};

}  // namespace sensor
