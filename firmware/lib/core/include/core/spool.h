#pragma once

#include <optional>

#include "core/bytes.h"
#include "hal/flash.h"

namespace sensor {

namespace spool_format {
enum class Mark : uint32_t;
}

/// Batches on flash, oldest first, for outages that memory cannot hold.
///
/// A circular log over the whole partition, so that wear is spread evenly. Every record carries its key and a
/// checksum; a record that a power cut tore is recognised and skipped, and nothing before or behind it is
/// lost. That the broker holds a record is noted by clearing bits of it, without an erase. When the log
/// reaches its own end the oldest sector is erased; records in it that nobody held are lost, and counted.
///
/// There is no index: an object takes the same memory for every size of partition. A record costs 28 bytes of
/// flash beside its payload, which is padded to whole words; a sector costs 16, and up to 27 at its end.
class Spool {
 public:
  explicit Spool(hal::Flash& flash);

  /// A place in the log; stays valid until its sector is erased.
  struct Position {
    uint32_t offset = 0;  ///< from the start of its sector
    uint32_t lap = 0;     ///< number of the sector since the log began; it is never used again

    bool operator<(const Position& other) const {
      return lap != other.lap ? lap < other.lap : offset < other.offset;
    }
  };
  struct Record {
    BatchKey key;
    Position position;
    uint32_t size = 0;  ///< of the payload
    bool held = false;
  };

  /// Find what is in the partition; reads headers only. An empty or foreign one becomes an empty log. False
  /// where flash does not work, or has less than 2 sectors.
  bool mount();
  /// Append; makes room by forgetting the oldest sector. False where it is empty or too large for ever, or
  /// flash fails. `record`: where it is now.
  bool add(BatchKey key, Bytes payload, Record* record = nullptr);
  /// The oldest record that is not held, at or behind a position (from the beginning: std::nullopt).
  std::optional<Record> next(std::optional<Position> from) const;
  /// The same, held or not.
  std::optional<Record> any(std::optional<Position> from) const;
  /// Where the record behind this one begins, or will begin.
  Position behind(const Record& record) const;
  /// Reads the log from its oldest record on.
  std::optional<Record> find(BatchKey key) const;
  /// Copy the payload; 0 where the record is gone or its checksum does not hold (`damaged` says that it is
  /// this).
  size_t read(const Record& record, Memory payload, bool* damaged = nullptr) const;
  /// The broker holds it. False where the record is gone, was known to be held, or flash fails.
  bool set_held(const Record& record);
  /// Give up a record whose payload is damaged.
  void give_up(const Record& record);
  /// Whether the sector was erased that a record began in.
  bool forgotten(Position position) const { return position.lap < oldest_; }
  /// Of any record, held or not. Cheap for the same session as before.
  std::optional<Record> oldest(uint32_t session) const;
  std::optional<uint64_t> oldest_sequence(uint32_t session) const;

  size_t not_held() const { return not_held_; }
  uint64_t lost() const { return lost_; }  ///< since mount: nobody held them; erased to make room, or damaged
  uint64_t torn() const { return torn_; }  ///< at mount: records that did not survive a power cut
  size_t maximum_payload() const;          ///< bytes

 private:
  /// What is at a place of the log.
  enum class Place : uint8_t {
    kRecord,
    kTorn,     ///< a record without its end
    kGone,     ///< a record that was given up
    kFree,     ///< nothing was written here
    kNothing,  ///< no record begins in the rest of this sector
    kEnd,      ///< behind the newest sector
    kFailed,   ///< flash could not be read
  };
  /// What `oldest` found last; no position: there was none.
  struct Oldest {
    bool known = false;
    uint32_t session = 0;
    std::optional<Position> position;
  };

  uint32_t base(uint32_t lap) const { return lap % sectors_ * sector_size_; }
  uint32_t data_size() const;  ///< of a sector
  Position begin() const { return Position{0, oldest_}; }
  bool read_sector(uint32_t lap, uint32_t* carried, bool* valid) const;
  Place look(Position* at, Record* record, Position* following) const;
  bool follow(Position at, uint32_t size, bool* whole, Position* following) const;
  Position after(Position at, uint32_t size) const;
  std::optional<Record> search(Position at, bool held_too, bool* failed = nullptr) const;
  bool survey(Position from, bool count);
  bool blank(uint32_t offset) const;
  bool open(uint32_t carried);
  bool clear(uint32_t lap);
  bool reuses(uint32_t lap) const { return oldest_ + sectors_ <= lap; }  ///< a sector that was in use
  std::optional<size_t> count_not_held(uint32_t first_lap, uint32_t last_lap) const;
  void recount();
  bool write_payload(Bytes payload);
  bool set(const Record& record, spool_format::Mark mark, bool* was_held);

  hal::Flash& flash_;
  bool mounted_ = false;
  uint32_t sector_size_ = 0;
  uint32_t sectors_ = 0;
  uint32_t oldest_ = 0;        ///< lap of the oldest sector that may hold something
  uint32_t newest_ = 0;        ///< lap of the sector that is written to; none yet where it is below `oldest_`
  uint32_t offset_ = 0;        ///< where the next record begins in it; its end where it is full
  uint32_t failed_opens_ = 0;  ///< of the next sector
  size_t not_held_ = 0;
  uint64_t lost_ = 0;
  uint64_t torn_ = 0;
  mutable Position first_not_held_;  ///< no record before it is not held
  mutable Oldest oldest_of_;
};

}  // namespace sensor
