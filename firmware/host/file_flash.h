#pragma once

#include <cstdint>
#include <string>

#include "hal/flash.h"

namespace host {

/// NOR flash in a file, or in memory only: writing clears bits, erasing sets those of a sector.
///
/// The file holds the complement of every byte, so that a new, sparse one is erased flash. It is mapped: what was written
/// is there after the process was killed. A power cut of this machine is not what it guards against.
class FileFlash final : public hal::Flash {
 public:
  static constexpr uint32_t kSectorSize = 4096;

  /// `path` empty: in memory only. `size`: whole sectors.
  FileFlash(const std::string& path, uint32_t size);
  ~FileFlash();
  FileFlash(const FileFlash&) = delete;
  FileFlash& operator=(const FileFlash&) = delete;

  /// Why it could not be opened; "" where it was.
  const std::string& problem() const { return problem_; }

  uint32_t size() const override { return size_; }
  uint32_t sector_size() const override { return kSectorSize; }
  bool read(uint32_t offset, void* data, size_t size) override;
  bool write(uint32_t offset, const void* data, size_t size) override;
  bool erase(uint32_t sector) override;

 private:
  bool inside(uint32_t offset, size_t size) const { return offset <= size_ && size <= size_ - offset; }

  uint32_t size_;
  uint8_t* bytes_ = nullptr;  // complemented
  std::string problem_;
};

}  // namespace host
