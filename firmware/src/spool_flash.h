#pragma once

#include "esp_partition.h"
#include "hal/flash.h"

namespace board {

/// The partition "spool". It must not be encrypted: records are marked by clearing single words, which
/// encrypted flash cannot do.
class SpoolFlash : public hal::Flash {
 public:
  /// False where there is no such partition.
  bool begin();
  uint32_t size() const override;
  uint32_t sector_size() const override;
  bool read(uint32_t offset, void* data, size_t size) override;
  bool write(uint32_t offset, const void* data, size_t size) override;
  bool erase(uint32_t sector) override;

 private:
  const esp_partition_t* partition_ = nullptr;
};

}  // namespace board
