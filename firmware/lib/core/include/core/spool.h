#pragma once

#include <optional>

#include "core/bytes.h"
#include "hal/flash.h"

namespace sensor {

/// Batches on flash, oldest first, for outages that memory cannot hold.
///
/// A circular log over the whole partition, so that wear is spread evenly. Every record carries its key and a checksum;
/// a record that a power cut tore is recognised and skipped, and nothing before or behind it is lost. That the broker
/// holds a record is noted by clearing a word of it, without an erase. When the log reaches its own end the oldest sector
/// is erased; records in it that nobody held are lost, and counted.
class Spool {
 public:
  explicit Spool(hal::Flash& flash);

  /// A place in the log; stays valid until its sector is erased.
  struct Position {
    uint32_t offset = 0;
    uint32_t lap = 0;  ///< number of the sector's erase, so that an old position is recognised
  };
  struct Record {
    BatchKey key;
    Position position;
    uint32_t size = 0;  ///< of the payload
    bool held = false;
  };

  /// Read the partition and find what is there; formats an empty or foreign one. False where flash does not work.
  bool mount();
  /// Append; makes room by forgetting the oldest sector. False where it is too large for ever, or flash fails.
  bool add(BatchKey key, Bytes payload);
  /// The oldest record that is not held, at or behind a position (from the beginning: std::nullopt).
  std::optional<Record> next(std::optional<Position> behind) const;
  std::optional<Record> find(BatchKey key) const;
  /// Copy the payload; 0 where the record is gone or its checksum does not hold.
  size_t read(const Record& record, Memory payload) const;
  void set_held(const Record& record);
  std::optional<uint64_t> oldest_sequence(uint32_t session) const;  ///< of any record, held or not

  size_t not_held() const;
  uint64_t lost() const;           ///< since mount: records that nobody held, erased to make room
  uint64_t torn() const;           ///< since mount: records that did not survive a power cut
  size_t maximum_payload() const;  ///< bytes
};

}  // namespace sensor
