#pragma once

#include <array>
#include <optional>

#include "core/bytes.h"
#include "core/limits.h"
#include "core/ring.h"
#include "core/spool.h"

namespace sensor {

/// Store and forward: every batch that was made, until newer ones need its room. Memory first; what memory
/// cannot keep and nobody holds goes to flash. Published are the oldest of flash and the oldest of memory in
/// turn: what waited long gets through beside live data.
class Buffer {
 public:
  static constexpr size_t kResends = 8;  ///< ranges that are sent again from flash at the same time

  /// `spool` may be null: then a full ring loses its oldest. `scratch` holds one payload read from flash; a
  /// larger one does not go there.
  Buffer(Memory ring, Spool* spool, Memory scratch);

  struct Outgoing {
    BatchKey key;
    Bytes payload;  ///< valid until the next call that is not const
  };

  /// Keep a new batch, to be published; the newest is always kept where it fits at all.
  void add(BatchKey key, Bytes payload);
  /// The batch to publish next, which then is under way; false where there is none, or kWindow are under way.
  bool next(Outgoing* outgoing);
  /// The broker holds it.
  void held(BatchKey key);
  /// It has to be published again.
  void again(BatchKey key);
  /// Everything that was under way has to be published again (a library forgot it).
  void all_again();
  /// Publish these again (sequences first … last, both included); how many of them are still here. More than
  /// kResends ranges on flash at a time count as not here. Where one of them has to be published again, or
  /// ranges overlap, others may come twice.
  uint64_t resend(uint32_t session, uint64_t first, uint64_t last);
  /// Put what nobody holds into flash, before a reboot. How many could not be saved.
  size_t save();

  bool pending() const;                                    ///< whether `next` would give one
  size_t under_way() const;                                ///< at most kWindow
  uint32_t not_held() const;                               ///< batches that nobody else holds
  std::optional<uint64_t> oldest(uint32_t session) const;  ///< the first sequence that can be sent again
  uint64_t lost()
      const;  ///< batches that nobody held and that are gone; one under way is not lost before its answer

 private:
  /// One that is under way and is not in memory.
  struct Flight {
    bool used = false;
    bool stored = false;  ///< false: it was forgotten after it was handed over
    Spool::Record record;
  };
  /// Records that the broker holds, and that are published again.
  struct Range {
    bool used = false;
    uint32_t session = 0;
    uint64_t first = 0;
    uint64_t last = 0;
    Spool::Position from;  ///< those before are published
    Spool::Position to;    ///< the last one

    bool contains(BatchKey key) const {
      return used && key.session == session && first <= key.sequence && key.sequence <= last;
    }
  };

  void make_room(size_t size);
  bool store(const Ring::Entry& entry);
  void depart(const Spool::Record& record, bool stored);
  Flight* flight_of(BatchKey key);
  bool flying(BatchKey key) const;
  void land(Flight* flight);
  bool next_of_memory(Outgoing* outgoing);
  bool next_of_flash(Outgoing* outgoing);
  std::optional<Spool::Record> choose() const;
  std::optional<Spool::Record> choose_not_held() const;
  std::optional<Spool::Record> choose_of(Range* range) const;
  bool add_range(const Range& added);
  bool done(const Range& range) const;

  Ring ring_;
  Spool* spool_;
  Memory scratch_;
  uint64_t lost_ = 0;
  uint64_t late_ = 0;       ///< the spool counted them as lost, and then the broker's answer came
  bool flash_next_ = true;  ///< whose turn it is
  std::array<Flight, kWindow> flights_;
  mutable std::optional<Spool::Position> from_;  ///< not held, and before it: under way
  mutable std::array<Range, kResends> ranges_;
};

}  // namespace sensor
