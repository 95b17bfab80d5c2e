#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/spool.h"
#include "sim/flash.h"
#include "sim/payload.h"
#include "sim/random.h"

/// A record as a test sees it.
struct Item {
  sensor::BatchKey key;
  uint32_t size = 0;
  bool held = false;

  bool operator==(const Item& other) const {
    return key == other.key && size == other.size && held == other.held;
  }
};

using Items = std::vector<Item>;

inline Items::const_iterator find(const Items& items, sensor::BatchKey key) {
  return std::find_if(items.begin(), items.end(), [key](const Item& item) { return item.key == key; });
}

inline bool contains(const Items& items, sensor::BatchKey key) { return find(items, key) != items.end(); }

inline bool add(sensor::Spool& spool, sensor::BatchKey key, uint32_t size) {
  return spool.add(key, sim::bytes_of(sim::payload_of(key, size)));
}

/// Whether the payload of a record is what was added.
inline bool intact(const sensor::Spool& spool, const sensor::Spool::Record& record) {
  std::vector<uint8_t> payload(record.size + 8, 0xA5);
  const size_t size = spool.read(record, {payload.data(), payload.size()});
  const bool nothing_behind =
      std::all_of(payload.begin() + record.size, payload.end(), [](uint8_t byte) { return byte == 0xA5; });
  return nothing_behind && sim::equal({payload.data(), size}, sim::payload_of(record.key, record.size));
}

/// Everything in the log, oldest first. `all_intact` becomes false where a payload is not what was added.
inline Items walk(const sensor::Spool& spool, bool* all_intact = nullptr) {
  Items items;
  for (auto record = spool.any(std::nullopt); record; record = spool.any(spool.behind(*record))) {
    items.push_back({record->key, record->size, record->held});
    if (all_intact != nullptr) {
      *all_intact = *all_intact && intact(spool, *record);
    }
  }
  return items;
}

inline size_t not_held(const Items& items) {
  return static_cast<size_t>(
      std::count_if(items.begin(), items.end(), [](const Item& item) { return !item.held; }));
}

/// Whether `items` are the newest of `of`.
inline bool is_end_of(const Items& items, const Items& of) {
  return items.size() <= of.size() && std::equal(items.rbegin(), items.rend(), of.rbegin());
}

/// One step of a scenario: a batch of a size, or (0) the broker holds the n-th of those that are there.
struct Step {
  uint32_t size = 0;
  uint32_t which = 0;
};

inline std::vector<Step> scenario(sim::Random& random, size_t length, uint32_t usual, uint32_t largest) {
  std::vector<Step> steps;
  for (size_t index = 0; index < length; ++index) {
    if (random.once_in(3)) {
      steps.push_back({0, random.next()});
    } else {
      steps.push_back({random.once_in(8) ? random.between(1, largest) : random.between(1, usual), 0});
    }
  }
  return steps;
}

/// Take a step; false where flash failed. `sequence`: of the next batch.
inline bool take(sensor::Spool& spool, const Step& step, const Items& there, uint64_t* sequence) {
  if (step.size > 0) {
    return add(spool, {9, (*sequence)++}, step.size);
  }
  if (there.empty()) {
    return true;
  }
  const Item& item = there[step.which % there.size()];
  const auto record = spool.find(item.key);
  return item.held || (record && spool.set_held(*record));
}
