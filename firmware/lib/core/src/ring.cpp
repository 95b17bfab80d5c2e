#include "core/ring.h"

#include <cstring>

namespace sensor {

Ring::Ring(Memory memory) : data_(memory.data), capacity_(memory.size & ~size_t{3}) {}

bool Ring::fits_ever(size_t size) const { return size <= kMaximumPayload && span(size) <= capacity_; }

bool Ring::fits(size_t size) const {
  if (!fits_ever(size)) {
    return false;
  }
  if (slots_ == 0) {
    return true;
  }
  if (wrapped_) {
    return span(size) <= head_ - tail_;
  }
  return span(size) <= capacity_ - tail_ || span(size) <= head_;
}

bool Ring::add(BatchKey key, Bytes payload) {
  if (!fits(payload.size)) {
    return false;
  }
  const size_t room = span(payload.size);
  if (slots_ == 0) {
    head_ = tail_ = last_found_ = 0;
    wrapped_ = false;
  } else if (!wrapped_ && room > capacity_ - tail_) {
    end_ = tail_;
    tail_ = 0;
    wrapped_ = true;
  }
  const size_t offset = tail_;
  store(offset, Slot{key.sequence, key.session, static_cast<uint32_t>(payload.size) | kPending});
  if (payload.size > 0) {
    std::memcpy(data_ + offset + kEntryOverhead, payload.data, payload.size);
  }
  tail_ += room;
  if (pending_ == 0) {
    first_pending_ = offset;
  }
  ++slots_;
  ++count_;
  ++not_held_;
  ++pending_;
  bytes_ += room;
  return true;
}

Ring::Entry Ring::oldest() const {
  // The oldest is never a forgotten one: `trim` sees to that.
  return entry(head_, load(head_));
}

void Ring::drop_oldest() {
  if (slots_ == 0) {
    return;
  }
  Slot slot = load(head_);
  take_out(head_, &slot);
  trim();
}

void Ring::forget(BatchKey key) {
  size_t offset = 0;
  Slot slot{};
  if (locate(key, &offset, &slot)) {
    take_out(offset, &slot);
    trim();
  }
}

bool Ring::next_pending(Entry* found) const {
  if (pending_ == 0) {
    return false;
  }
  *found = entry(first_pending_, load(first_pending_));
  return true;
}

bool Ring::find(BatchKey key, Entry* found) const {
  size_t offset = 0;
  Slot slot{};
  if (!locate(key, &offset, &slot)) {
    return false;
  }
  *found = entry(offset, slot);
  return true;
}

void Ring::set_held(BatchKey key) {
  size_t offset = 0;
  Slot slot{};
  if (locate(key, &offset, &slot)) {
    change(offset, &slot, kHeld);
  }
}

void Ring::set_under_way(BatchKey key) {
  size_t offset = 0;
  Slot slot{};
  if (locate(key, &offset, &slot)) {
    change(offset, &slot, (slot.word & kHeld) | kUnderWay);
  }
}

void Ring::set_pending(BatchKey key) {
  size_t offset = 0;
  Slot slot{};
  if (locate(key, &offset, &slot)) {
    change(offset, &slot, (slot.word & kHeld) | kPending);
  }
}

Ring::Slot Ring::load(size_t offset) const {
  Slot slot{};
  static_assert(sizeof(Slot) == kEntryOverhead, "a slot has no padding");
  std::memcpy(&slot, data_ + offset, sizeof slot);
  return slot;
}

void Ring::store(size_t offset, const Slot& slot) { std::memcpy(data_ + offset, &slot, sizeof slot); }

Ring::Entry Ring::entry(size_t offset, const Slot& slot) const {
  return Entry{{slot.session, slot.sequence},
               {data_ + offset + kEntryOverhead, size_t{slot.word & kMaximumPayload}},
               (slot.word & kHeld) != 0,
               (slot.word & kUnderWay) != 0,
               (slot.word & kPending) != 0};
}

size_t Ring::following(size_t offset, const Slot& slot) const {
  const size_t next = offset + span(slot);
  return wrapped_ && next == end_ ? 0 : next;
}

/// How far behind the oldest an entry lies: orders offsets by age.
size_t Ring::age(size_t offset) const { return offset >= head_ ? offset - head_ : offset + end_ - head_; }

/// Search from where the last one was found: answers come in the order of publishing, so it is near.
bool Ring::locate(BatchKey key, size_t* offset, Slot* slot) const {
  size_t at = last_found_;
  for (size_t left = slots_; left > 0; --left) {
    if (at == tail_) {
      at = head_;
    }
    *slot = load(at);
    if (slot->sequence == key.sequence && slot->session == key.session && !(slot->word & kGone)) {
      *offset = last_found_ = at;
      return true;
    }
    at = following(at, *slot);
  }
  return false;
}

/// Give an entry other flags, and count.
void Ring::change(size_t offset, Slot* slot, uint32_t flags) {
  const uint32_t before = slot->word;
  slot->word = static_cast<uint32_t>(before & kMaximumPayload) | flags;
  store(offset, *slot);
  if (!(before & (kHeld | kGone)) && (flags & (kHeld | kGone))) {
    --not_held_;
  }
  if (before & kUnderWay) {
    --under_way_;
  }
  if (flags & kUnderWay) {
    ++under_way_;
  }
  if ((flags & kPending) && !(before & kPending)) {
    if (pending_ == 0 || age(offset) < age(first_pending_)) {
      first_pending_ = offset;
    }
    ++pending_;
  } else if (!(flags & kPending) && (before & kPending)) {
    --pending_;
    settle_pending();
  }
}

/// Move on to the oldest that is pending. Each entry is passed once for each time that it becomes pending.
void Ring::settle_pending() {
  if (pending_ == 0) {
    return;
  }
  for (Slot slot = load(first_pending_); !(slot.word & kPending); slot = load(first_pending_)) {
    first_pending_ = following(first_pending_, slot);
  }
}

void Ring::take_out(size_t offset, Slot* slot) {
  change(offset, slot, kGone);
  --count_;
  bytes_ -= span(*slot);
}

/// Give back the room of forgotten entries that are the oldest.
void Ring::trim() {
  while (slots_ > 0) {
    const Slot slot = load(head_);
    if (!(slot.word & kGone)) {
      return;
    }
    const size_t next = following(head_, slot);
    if (last_found_ == head_) {
      last_found_ = next;
    }
    if (next == 0) {
      wrapped_ = false;
    }
    head_ = next;
    --slots_;
  }
  head_ = tail_ = last_found_ = 0;
  wrapped_ = false;
}

}  // namespace sensor
