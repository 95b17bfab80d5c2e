#include "core/command_memory.h"

#include <algorithm>
#include <cstring>

#include "core/text.h"

namespace sensor {
namespace {

/// Beyond, a number is none that was counted here.
constexpr uint32_t kMaximumNumber = 1U << 31U;

/// "ids00" … "ids32"
void key_of(size_t block, char (&key)[8]) {
  Text(key, sizeof key)
      .add("ids")
      .add(static_cast<uint64_t>(block / 10))
      .add(static_cast<uint64_t>(block % 10));
}

}  // namespace

/// As it lies in the store: cut behind the last id that is filled.
struct CommandMemory::Block {
  uint32_t first;  ///< number of the first id
  std::array<Id, kIdsPerBlock> ids;

  static size_t size(size_t ids) { return sizeof(uint32_t) + ids * sizeof(Id); }
};

CommandMemory::CommandMemory(hal::Store& store) : store_(store) {}

void CommandMemory::load() {
  filled_.fill(false);
  next_ = 0;
  // twice: what is too old is known once the newest is
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t block = 0; block < kBlocks; ++block) {
      load_block(block);
    }
  }
}

void CommandMemory::load_block(size_t block) {
  char key[8];
  key_of(block, key);
  Block stored{};
  static_assert(sizeof stored == sizeof(uint32_t) + kIdsPerBlock * sizeof(Id), "no padding");
  const size_t size = store_.get(key, &stored, sizeof stored);
  if (size < Block::size(1) || size > sizeof stored || (size - Block::size(0)) % sizeof(Id) != 0) {
    return;
  }
  const size_t count = (size - Block::size(0)) / sizeof(Id);
  const uint32_t behind = stored.first + static_cast<uint32_t>(count);
  if (stored.first >= kMaximumNumber || stored.first % kSlots != block * kIdsPerBlock) {
    return;
  }
  next_ = std::max(next_, behind);
  const bool current = next_ - stored.first <= kSlots;
  for (size_t at = 0; at < count; ++at) {
    ids_[block * kIdsPerBlock + at] = stored.ids[at];
    filled_[block * kIdsPerBlock + at] = current;
  }
}

bool CommandMemory::knows(const uint8_t (&id)[16]) const {
  const uint32_t count = std::min<uint32_t>(next_, kRememberedCommands);
  for (uint32_t number = next_ - count; number != next_; ++number) {
    const size_t slot = number % kSlots;
    if (filled_[slot] && std::memcmp(ids_[slot].data(), id, sizeof id) == 0) {
      return true;
    }
  }
  return false;
}

bool CommandMemory::remember(const uint8_t (&id)[16]) {
  const size_t slot = next_ % kSlots;
  const size_t in_block = slot % kIdsPerBlock;
  const size_t begin = slot - in_block;
  std::memcpy(ids_[slot].data(), id, sizeof id);
  filled_[slot] = true;
  Block stored{};
  stored.first = next_ - static_cast<uint32_t>(in_block);
  std::copy_n(ids_.begin() + static_cast<std::ptrdiff_t>(begin), in_block + 1, stored.ids.begin());
  ++next_;
  char key[8];
  key_of(begin / kIdsPerBlock, key);
  return store_.set(key, &stored, Block::size(in_block + 1));
}

}  // namespace sensor
