#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "hal/flash.h"
#include "sim/random.h"

namespace sim {

/// NOR flash as it is: writing clears bits, erasing sets those of a whole sector, and power may go at any
/// moment.
class Flash final : public hal::Flash {
 public:
  Flash(uint32_t size, uint32_t sector_size, uint32_t seed = 1)
      : bytes(size, 0xFF), erases(size / sector_size, 0), sector_size_(sector_size), random_(seed) {}

  uint32_t size() const override { return static_cast<uint32_t>(bytes.size()); }
  uint32_t sector_size() const override { return sector_size_; }

  bool read(uint32_t offset, void* data, size_t size) override {
    if (!usable(offset, size) || offset % 4 != 0 || fails(&failing_reads)) {
      return false;
    }
    ++reads;
    bytes_read += size;
    std::memcpy(data, bytes.data() + offset, size);
    return true;
  }

  bool write(uint32_t offset, const void* data, size_t size) override {
    if (!usable(offset, size) || offset % 4 != 0 || size % 4 != 0) {
      ++misuses;
      return false;
    }
    if (fails(&failing_writes)) {
      return false;
    }
    const auto* from = static_cast<const uint8_t*>(data);
    for (size_t index = 0; index < size; index += 4) {
      const bool cut = spend(4);
      for (size_t byte = index; byte < index + 4; ++byte) {
        uint8_t& cell = bytes[offset + byte];
        misuses += (from[byte] & ~cell) != 0 ? 1U : 0U;  // would set bits: never what was meant
        // What was under way when power went has cleared some of its bits.
        const auto ones = static_cast<uint8_t>(cut ? from[byte] | random_.next() : from[byte]);
        cell = static_cast<uint8_t>(cell & ones);
      }
      if (cut) {
        return false;
      }
    }
    return true;
  }

  bool erase(uint32_t sector) override {
    if (!usable(sector * sector_size_, sector_size_) || fails(&failing_erases)) {
      return false;
    }
    ++erases[sector];
    const bool cut = spend(kEraseCost);
    // What was under way when power went has reached a part of the sector, with anything at all at its
    // border.
    const uint32_t begin = cut ? random_.below(sector_size_) : 0;
    const uint32_t end = cut ? random_.between(begin, sector_size_) : sector_size_;
    for (uint32_t index = begin; index < end; ++index) {
      const bool border = cut && (index < begin + 32 || index + 32 >= end);
      bytes[sector * sector_size_ + index] = static_cast<uint8_t>(border ? random_.next() : 0xFF);
    }
    return !cut;
  }

  /// Power goes when so many bytes more are written (an erase counts as kEraseCost).
  void cut_after(uint64_t cost) { cut_at_ = spent + cost; }
  void restore_power() {
    off_ = false;
    cut_at_ = UINT64_MAX;
  }
  bool off() const { return off_; }

  static constexpr uint32_t kEraseCost = 16;

  std::vector<uint8_t> bytes;
  std::vector<uint32_t> erases;  ///< of each sector
  uint64_t spent = 0;            ///< bytes written, and erases
  uint64_t reads = 0;
  uint64_t bytes_read = 0;
  uint64_t misuses = 0;  ///< misaligned, out of range, or bits that cannot be set
  /// So many calls fail from now on; a negative number: all.
  int failing_reads = 0;
  int failing_writes = 0;
  int failing_erases = 0;

 private:
  bool usable(uint32_t offset, size_t size) const { return !off_ && offset + uint64_t{size} <= bytes.size(); }

  static bool fails(int* left) {
    if (*left > 0) {
      --*left;
      return true;
    }
    return *left < 0;
  }

  bool spend(uint32_t cost) {
    spent += cost;
    off_ = off_ || spent > cut_at_;
    return off_;
  }

  uint32_t sector_size_;
  Random random_;
  uint64_t cut_at_ = UINT64_MAX;
  bool off_ = false;
};

}  // namespace sim
