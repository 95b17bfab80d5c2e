#pragma once

#include <cstddef>
#include <cstdint>

namespace hal {

/// Small named values that survive a reboot (NVS). Keys have at most 15 characters. Each `set` is atomic: after a power
/// cut there is the old value or the new one.
class Store {
 public:
  /// Bytes of the value, of which at most `capacity` were copied; 0 where there is none.
  virtual size_t get(const char* key, void* value, size_t capacity) const = 0;
  /// False where it could not be written.
  virtual bool set(const char* key, const void* value, size_t size) = 0;
  virtual bool erase(const char* key) = 0;

 protected:
  ~Store() = default;
};

}  // namespace hal
