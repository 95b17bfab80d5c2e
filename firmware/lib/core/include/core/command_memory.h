#pragma once

#include <array>

#include "core/bytes.h"
#include "core/limits.h"
#include "hal/store.h"

namespace sensor {

/// The ids of the last kRememberedCommands commands, in the store too: one small write a command.
///
/// Ids lie in blocks of eight, one key each (`ids00` … `ids32`), written in turn: in NVS a key of 132 bytes
/// costs seven entries of 32 bytes, eight keys of one id each would cost 24. A block more than is needed,
/// because a block that is begun anew forgets eight ids at once.
class CommandMemory {
 public:
  explicit CommandMemory(hal::Store& store);
  /// Read them after a boot.
  void load();
  bool knows(const uint8_t (&id)[16]) const;
  /// Note an id before the command is applied. False where the store failed (it is known until the next boot
  /// all the same, and written with the next of its block).
  bool remember(const uint8_t (&id)[16]);

 private:
  static constexpr size_t kIdsPerBlock = 8;
  static constexpr size_t kBlocks = kRememberedCommands / kIdsPerBlock + 1;
  static constexpr size_t kSlots = kBlocks * kIdsPerBlock;
  using Id = std::array<uint8_t, 16>;
  struct Block;

  void load_block(size_t block);

  hal::Store& store_;
  std::array<Id, kSlots> ids_{};       ///< id number n lies in slot n % kSlots
  std::array<bool, kSlots> filled_{};  ///< not where a write failed before a reboot
  uint32_t next_ = 0;                  ///< number of the next id; no flash lives to see it wrap
};

}  // namespace sensor
