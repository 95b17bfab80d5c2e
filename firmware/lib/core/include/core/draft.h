#pragma once

#include "core/bytes.h"
#include "hal/store.h"

namespace sensor {

/// Changes to a store that are not written yet: whoever reads through it sees them, the store does not before
/// `commit`.
class Draft final : public hal::Store {
 public:
  /// `room` bounds what can be changed at once: each change costs its value, its key and four bytes.
  Draft(hal::Store& store, Memory room);

  size_t get(const char* key, void* value, size_t capacity) const override;
  /// False where there is no room. `value` may lie in `rest()`.
  bool set(const char* key, const void* value, size_t size) override;
  bool erase(const char* key) override;

  bool empty() const { return used_ == 0; }
  bool changes(const char* key) const;
  /// The room that is free, to gather a long value in; it holds until the next change.
  Memory rest() const { return {room_.data + used_, room_.size - used_}; }
  /// Write every change, one after the other. False where the store failed: what is not written is still a
  /// change.
  bool commit();
  /// Forget every change; nothing of it stays in memory.
  void discard();

 private:
  struct Change;
  bool find(const char* key, Change* change) const;
  Change at(size_t offset) const;
  bool add(const char* key, const void* value, size_t size, bool erased);
  void remove(const Change& change);

  hal::Store& store_;
  Memory room_;
  size_t used_ = 0;
};

}  // namespace sensor
