#pragma once

#include "hal/store.h"
#include "nvs.h"

namespace board {

/// Small values in the NVS partition. NVS writes a value beside the old one before it forgets that, so that a
/// power cut leaves one of both; it may be called from several tasks.
class NvsStore : public hal::Store {
 public:
  /// Opens the partition; a worn out or foreign one is erased. False where flash does not work.
  bool begin();
  size_t get(const char* key, void* value, size_t capacity) const override;
  bool set(const char* key, const void* value, size_t size) override;
  bool erase(const char* key) override;

 private:
  nvs_handle_t handle_ = 0;
};

}  // namespace board
