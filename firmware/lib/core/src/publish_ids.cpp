#include "core/publish_ids.h"

#include <limits>

namespace sensor {

hal::PublishId PublishIds::begin(size_t bytes) {
  if (count() > 0 && this->bytes() + bytes > maximum_bytes_) return hal::kNotTaken;
  Entry* const entry = find_id(hal::kNotTaken);
  if (entry == nullptr) return hal::kNotTaken;
  last_ = last_ == std::numeric_limits<hal::PublishId>::max() ? 1 : last_ + 1;
  *entry = {last_, kNoMessage, bytes};
  return last_;
}

PublishIds::Outcome PublishIds::taken(hal::PublishId id, int32_t message_id) {
  Outcome outcome;
  Entry* const entry = id != hal::kNotTaken ? find_id(id) : nullptr;
  if (entry != nullptr) {
    entry->message_id = message_id;
    for (const Early& early : early_) {
      if (early.message_id == message_id) outcome = over(find_message(message_id), early.reason_code);
    }
  }
  // Messages are handed over one after another: an answer that came before this one is nobody else's.
  early_ = {};
  return outcome;
}

PublishIds::Outcome PublishIds::published(int32_t message_id, uint8_t reason_code) {
  Entry* const entry = find_message(message_id);
  if (entry != nullptr) return over(entry, reason_code);
  early_[next_early_] = {message_id, reason_code};
  next_early_ = (next_early_ + 1) % early_.size();
  return {};
}

PublishIds::Outcome PublishIds::forgotten(int32_t message_id) { return over(find_message(message_id), 0); }

PublishIds::Outcome PublishIds::dropped(hal::PublishId id) {
  return id != hal::kNotTaken ? over(find_id(id), 0) : Outcome{};
}

PublishIds::Outcome PublishIds::drop_one() {
  early_ = {};
  for (Entry& entry : entries_) {
    if (entry.id != hal::kNotTaken) return over(&entry, 0);
  }
  return {};
}

size_t PublishIds::count() const {
  size_t count = 0;
  for (const Entry& entry : entries_) count += entry.id != hal::kNotTaken ? 1 : 0;
  return count;
}

size_t PublishIds::bytes() const {
  size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.bytes;
  return bytes;
}

PublishIds::Entry* PublishIds::find_id(hal::PublishId id) {
  for (Entry& entry : entries_) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

PublishIds::Entry* PublishIds::find_message(int32_t message_id) {
  for (Entry& entry : entries_) {
    if (entry.id != hal::kNotTaken && entry.message_id == message_id && message_id != kNoMessage)
      return &entry;
  }
  return nullptr;
}

PublishIds::Outcome PublishIds::over(Entry* entry, uint8_t reason_code) {
  if (entry == nullptr) return {};
  const Outcome outcome{entry->id, reason_code};
  *entry = {};
  return outcome;
}

}  // namespace sensor
