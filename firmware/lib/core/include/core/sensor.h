#pragma once

#include "core/board.h"

namespace sensor {

/// A sensor: what docs/sensor.md says. One task owns it and calls everything here.
///
///     Sensor sensor(options, board, workspace);
///     sensor.begin();
///     for (;;) { hand over events; sleep until sensor.tick(); }
class Sensor {
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

  uint32_t session() const;
  sensor_v1_State state() const;
  double sample_frequency_hz() const;
  uint64_t next_sequence() const;
  uint32_t buffered_batches() const;
  bool connected() const;
  Counters counters() const;
};

}  // namespace sensor
