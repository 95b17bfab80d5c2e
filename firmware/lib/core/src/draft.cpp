#include "core/draft.h"

#include <algorithm>
#include <cstring>

namespace sensor {
namespace {

constexpr size_t kHeader =
    3;  ///< of a change: size of its value (two bytes), whether it erases; then key, NUL, value
constexpr size_t kMaximumValue = 0xFFFF;

}  // namespace

struct Draft::Change {
  size_t offset;  ///< in the room
  const char* key;
  const uint8_t* value;
  size_t size;
  bool erased;

  size_t end() const { return offset + kHeader + std::strlen(key) + 1 + size; }
};

Draft::Draft(hal::Store& store, Memory room) : store_(store), room_(room) {
}

Draft::Change Draft::at(size_t offset) const {
  const uint8_t* record = room_.data + offset;
  const char* key = reinterpret_cast<const char*>(record + kHeader);
  uint16_t size = 0;
  std::memcpy(&size, record, sizeof size);
  return {offset, key, record + kHeader + std::strlen(key) + 1, size, record[2] != 0};
}

bool Draft::find(const char* key, Change* change) const {
  for (size_t offset = 0; offset < used_; offset = change->end()) {
    *change = at(offset);
    if (std::strcmp(change->key, key) == 0) return true;
  }
  return false;
}

bool Draft::add(const char* key, const void* value, size_t size, bool erased) {
  Change before{};
  const bool known = find(key, &before);
  const size_t freed = known ? before.end() - before.offset : 0;
  const size_t key_size = std::strlen(key) + 1;
  if (size > kMaximumValue || kHeader + key_size + size > room_.size - used_ + freed) return false;
  if (known) remove(before);
  uint8_t* record = room_.data + used_;
  // first, as it may lie where the rest is going to be
  if (size > 0) std::memmove(record + kHeader + key_size, value, size);
  const uint16_t stored_size = static_cast<uint16_t>(size);
  std::memcpy(record, &stored_size, sizeof stored_size);
  record[2] = erased ? 1 : 0;
  std::memcpy(record + kHeader, key, key_size);
  used_ += kHeader + key_size + size;
  return true;
}

void Draft::remove(const Change& change) {
  const size_t end = change.end();
  std::memmove(room_.data + change.offset, room_.data + end, used_ - end);
  used_ -= end - change.offset;
}

size_t Draft::get(const char* key, void* value, size_t capacity) const {
  Change change{};
  if (!find(key, &change)) return store_.get(key, value, capacity);
  if (capacity > 0) std::memcpy(value, change.value, std::min(change.size, capacity));
  return change.size;
}

bool Draft::set(const char* key, const void* value, size_t size) {
  return add(key, value, size, false);
}

bool Draft::erase(const char* key) {
  return add(key, nullptr, 0, true);
}

bool Draft::changes(const char* key) const {
  Change change{};
  return find(key, &change);
}

bool Draft::commit() {
  while (used_ > 0) {
    const Change change = at(0);
    const bool done = change.erased ? store_.get(change.key, nullptr, 0) == 0 || store_.erase(change.key)
                                    : store_.set(change.key, change.value, change.size);
    if (!done) return false;
    remove(change);
  }
  discard();
  return true;
}

void Draft::discard() {
  used_ = 0;
  std::memset(room_.data, 0, room_.size);
}

}  // namespace sensor
