#pragma once

#include "core/bytes.h"

namespace sensor {

/// The newest batches in memory, in order of making, bounded in bytes. It never drops anything by itself: whoever adds
/// makes room first with `oldest` and `drop_oldest`.
class Ring {
 public:
  explicit Ring(Memory memory);

  /// One batch in the ring. `held`: the broker has it. `under_way`: handed over, no answer yet.
  struct Entry {
    BatchKey key;
    Bytes payload;  ///< contiguous; valid until the entry is dropped
    bool held;
    bool under_way;
    bool pending;  ///< to be published (again)
  };

  /// Whether `add` would take a payload of that size now / with an empty ring.
  bool fits(size_t size) const;
  bool fits_ever(size_t size) const;
  /// Copy a batch in as the newest, pending. False (nothing done) where it does not fit.
  bool add(BatchKey key, Bytes payload);
  bool empty() const;
  Entry oldest() const;  ///< of a ring that is not empty
  void drop_oldest();
  /// The oldest that is pending and not under way.
  bool next_pending(Entry* entry) const;
  bool find(BatchKey key, Entry* entry) const;
  void set_held(BatchKey key);       ///< neither under way nor pending any more
  void set_under_way(BatchKey key);  ///< no longer pending
  void set_pending(BatchKey key);    ///< no longer under way; a held one becomes pending without being counted as not held
  /// Call `visit(entry)` for each, oldest first, until it returns false.
  template <typename Visit>
  void each(Visit visit) const;

  size_t count() const;
  size_t not_held() const;  ///< how many the broker does not have
  size_t bytes() const;     ///< in use, with what each entry costs beside its payload
};

}  // namespace sensor
