#pragma once

#include "core/bytes.h"

namespace sensor {

/// The newest batches in memory, in order of making, bounded in bytes. It never drops anything by itself:
/// whoever adds makes room first with `oldest` and `drop_oldest`.
///
/// An entry costs `kEntryOverhead` bytes beside its payload, which is padded to whole words. A payload is
/// never cut in two: what does not fit at the end of the memory begins at its start, and the end stays unused
/// for that lap.
class Ring {
 public:
  static constexpr size_t kEntryOverhead = 16;               ///< bytes
  static constexpr size_t kMaximumPayload = (1U << 28) - 1;  ///< bytes

  explicit Ring(Memory memory);

  /// One batch in the ring. `held`: the broker has it. `under_way`: handed over, no answer yet.
  struct Entry {
    BatchKey key;
    Bytes payload;  ///< contiguous; valid until the entry is dropped
    bool held = false;
    bool under_way = false;
    bool pending = false;  ///< to be published (again)
  };

  /// Whether `add` would take a payload of that size now / with an empty ring.
  bool fits(size_t size) const;
  bool fits_ever(size_t size) const;
  /// Copy a batch in as the newest, pending. False (nothing done) where it does not fit.
  bool add(BatchKey key, Bytes payload);
  bool empty() const { return count_ == 0; }
  Entry oldest() const;  ///< of a ring that is not empty
  void drop_oldest();
  /// Take out one of any age. Its room is free again when it would have been the oldest.
  void forget(BatchKey key);
  /// The oldest that is pending and not under way.
  bool next_pending(Entry* found) const;
  bool find(BatchKey key, Entry* found) const;
  void set_held(BatchKey key);       ///< neither under way nor pending any more
  void set_under_way(BatchKey key);  ///< no longer pending
  void set_pending(
      BatchKey key);  ///< no longer under way; a held one becomes pending without being counted as not held
  /// Call `visit(entry)` for each, oldest first, until it returns false. It may do anything but add.
  template <typename Visit>
  void each(Visit visit) const {
    size_t offset = head_;
    const bool wrapped = wrapped_;
    const size_t end = end_;
    for (size_t left = slots_; left > 0; --left) {
      const Slot slot = load(offset);
      if (!(slot.word & kGone) && !visit(entry(offset, slot))) {
        return;
      }
      offset += span(slot);
      if (wrapped && offset == end) {
        offset = 0;
      }
    }
  }

  size_t count() const { return count_; }
  size_t not_held() const { return not_held_; }    ///< how many the broker does not have
  size_t under_way() const { return under_way_; }  ///< how many wait for the broker's answer
  size_t bytes() const { return bytes_; }          ///< in use, with what each entry costs beside its payload

 private:
  /// What stands before each payload. `word` is its size, and flags in the upper bits.
  struct Slot {
    uint64_t sequence;
    uint32_t session;
    uint32_t word;
  };
  static constexpr uint32_t kHeld = 1U << 31;
  static constexpr uint32_t kUnderWay = 1U << 30;
  static constexpr uint32_t kPending = 1U << 29;
  static constexpr uint32_t kGone = 1U << 28;

  static size_t span(size_t size) { return kEntryOverhead + ((size + 3) & ~size_t{3}); }
  static size_t span(const Slot& slot) { return span(size_t{slot.word & kMaximumPayload}); }
  Slot load(size_t offset) const;
  void store(size_t offset, const Slot& slot);
  Entry entry(size_t offset, const Slot& slot) const;
  size_t following(size_t offset, const Slot& slot) const;
  size_t age(size_t offset) const;
  bool locate(BatchKey key, size_t* offset, Slot* slot) const;
  void change(size_t offset, Slot* slot, uint32_t flags);
  void settle_pending();
  void take_out(size_t offset, Slot* slot);
  void trim();

  uint8_t* data_;
  size_t capacity_;
  size_t head_ = 0;       ///< offset of the oldest
  size_t tail_ = 0;       ///< where the next one is written
  size_t end_ = 0;        ///< where the upper part ends while `wrapped_`
  bool wrapped_ = false;  ///< the newest lie below the oldest
  size_t slots_ = 0;      ///< entries in memory, with forgotten ones
  size_t count_ = 0;
  size_t not_held_ = 0;
  size_t under_way_ = 0;
  size_t pending_ = 0;
  size_t bytes_ = 0;
  size_t first_pending_ = 0;       ///< offset: none that is older is pending; means nothing while none is
  mutable size_t last_found_ = 0;  ///< offset where the next search begins: answers come in order
};

}  // namespace sensor
