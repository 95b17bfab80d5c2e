#pragma once

#include <cstddef>
#include <cstdint>

namespace hal {

/// A partition of NOR flash: erased to ones a sector at a time, and written by clearing bits.
class Flash {
 public:
  virtual uint32_t size() const = 0;         ///< bytes; whole sectors
  virtual uint32_t sector_size() const = 0;  ///< bytes; 4096
  virtual bool read(uint32_t offset, void* data, size_t size) = 0;
  /// Offset and size are multiples of 4. A power cut may leave any part of it written.
  virtual bool write(uint32_t offset, const void* data, size_t size) = 0;
  virtual bool erase(uint32_t sector) = 0;

 protected:
  ~Flash() = default;
};

}  // namespace hal
