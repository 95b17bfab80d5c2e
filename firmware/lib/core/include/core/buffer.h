#pragma once

#include <optional>

#include "core/bytes.h"
#include "core/limits.h"
#include "core/ring.h"
#include "core/spool.h"

namespace sensor {

/// Store and forward: every batch that was made, until newer ones need its room. Memory first; what memory cannot keep
/// and nobody holds goes to flash. Published are the oldest of flash and the oldest of memory in turn: what waited long
/// gets through beside live data.
class Buffer {
 public:
  /// `spool` may be null: then a full ring loses its oldest. `scratch` holds one payload read from flash.
  Buffer(Memory ring, Spool* spool, Memory scratch);

  struct Outgoing {
    BatchKey key;
    Bytes payload;  ///< valid until the next call that is not const
  };

  /// Keep a new batch, to be published; the newest is always kept.
  void add(BatchKey key, Bytes payload);
  /// The batch to publish next, which then is under way; false where there is none.
  bool next(Outgoing* outgoing);
  /// The broker holds it.
  void held(BatchKey key);
  /// It has to be published again.
  void again(BatchKey key);
  /// Everything that was under way has to be published again (a library forgot it).
  void all_again();
  /// Publish these again (sequences first … last, both included); how many of them are still here.
  uint64_t resend(uint32_t session, uint64_t first, uint64_t last);
  /// Put what nobody holds into flash, before a reboot. How many could not be saved.
  size_t save();

  bool pending() const;        ///< whether `next` would give one
  uint32_t not_held() const;   ///< batches that nobody else holds
  std::optional<uint64_t> oldest(uint32_t session) const;  ///< the first sequence that can be sent again
  uint64_t lost() const;       ///< batches that nobody held and that are gone
};

}  // namespace sensor
