#include "core/outbox.h"

#include <cstring>

#include "core/messages.h"
#include "core/text.h"

namespace sensor {
namespace {

/// The entry with the lowest number among those that `matches`; null where none does.
template <typename Entries, typename Matches>
auto oldest(Entries& entries, Matches matches) -> decltype(&entries[0]) {
  decltype(&entries[0]) found = nullptr;
  for (auto& entry : entries) {
    if (matches(entry) && (found == nullptr || entry.number < found->number)) {
      found = &entry;
    }
  }
  return found;
}

template <typename Entries>
auto room(Entries& entries, uint64_t* lost) -> decltype(&entries[0]) {
  auto* free = oldest(entries, [](const auto& entry) { return entry.state == Saying::kFree; });
  if (free == nullptr) {
    // what is under way keeps its slot: its outcome will be reported for it
    free = oldest(entries, [](const auto& entry) { return entry.state == Saying::kWaiting; });
    ++*lost;
  }
  return free;
}

template <typename Entries>
size_t used(const Entries& entries) {
  size_t count = 0;
  for (const auto& entry : entries) {
    count += entry.state == Saying::kFree ? 0U : 1U;
  }
  return count;
}

template <typename Entries>
auto waiting(Entries& entries) -> decltype(&entries[0]) {
  return oldest(entries, [](const auto& entry) { return entry.state == Saying::kWaiting; });
}

}  // namespace

void LogQueue::add(hal::LogLevel level, const char* logger, const char* message, uint64_t now_us) {
  Line* line = room(lines_, &lost_);
  if (line == nullptr) {
    return;  // all of them are under way; this one is the lost one
  }
  line->time_us = now_us;
  line->number = numbers_++;
  line->level = level;
  line->state = Saying::kWaiting;
  copy_text(line->logger, sizeof line->logger, logger);
  copy_text(line->message, sizeof line->message, message);
}

LogQueue::Line* LogQueue::next() { return waiting(lines_); }
size_t LogQueue::count() const { return used(lines_); }

namespace {

/// As an answer lies in the store.
struct Stored {
  uint32_t version;
  uint32_t number;
  int64_t time_ns;
  double sample_frequency_hz;
  uint8_t command_id[16];
  uint8_t outcome;
  uint8_t state;
  char reason[sizeof(sensor_v1_CommandAck::reason)];
};
constexpr uint32_t kVersion = 1;

/// "ack00" … "ack31"
void key_of(size_t slot, char (&key)[8]) {
  Text text(key, sizeof key);
  text.add("ack").add(slot / 10).add(slot % 10);
}

}  // namespace

void AnswerQueue::load() {
  for (size_t slot = 0; slot < kCapacity; ++slot) {
    char key[8];
    key_of(slot, key);
    Stored stored{};
    if (store_.get(key, &stored, sizeof stored) != sizeof stored || stored.version != kVersion) {
      continue;
    }
    Answer& answer = answers_[slot];
    std::memcpy(answer.ack.command_id, stored.command_id, sizeof stored.command_id);
    answer.ack.outcome = static_cast<sensor_v1_Outcome>(stored.outcome);
    answer.ack.state = static_cast<sensor_v1_State>(stored.state);
    answer.ack.time_ns = stored.time_ns;
    answer.ack.sample_frequency_hz = stored.sample_frequency_hz;
    stored.reason[sizeof stored.reason - 1] = '\0';
    copy_text(answer.ack.reason, sizeof answer.ack.reason, stored.reason);
    answer.number = stored.number;
    answer.state = Saying::kWaiting;
    numbers_ = stored.number >= numbers_ ? stored.number + 1 : numbers_;
  }
}

bool AnswerQueue::add(const sensor_v1_CommandAck& ack) {
  Answer* answer = room(answers_, &lost_);
  if (answer == nullptr) {
    return false;
  }
  answer->ack = ack;
  answer->number = numbers_++;
  answer->state = Saying::kWaiting;
  Stored stored{};
  stored.version = kVersion;
  stored.number = answer->number;
  stored.time_ns = ack.time_ns;
  stored.sample_frequency_hz = ack.sample_frequency_hz;
  std::memcpy(stored.command_id, ack.command_id, sizeof stored.command_id);
  stored.outcome = static_cast<uint8_t>(ack.outcome);
  stored.state = static_cast<uint8_t>(ack.state);
  copy_text(stored.reason, sizeof stored.reason, ack.reason);
  char key[8];
  key_of(slot_of(*answer), key);
  return store_.set(key, &stored, sizeof stored);
}

AnswerQueue::Answer* AnswerQueue::next() { return waiting(answers_); }
size_t AnswerQueue::count() const { return used(answers_); }

void AnswerQueue::held(size_t slot) {
  answers_[slot].state = Saying::kFree;
  char key[8];
  key_of(slot, key);
  store_.erase(key);
}

}  // namespace sensor
