#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>

#include "hal/store.h"

namespace sim {

/// A store in memory that can fail, or lose power, at a chosen write.
class Store : public hal::Store {
 public:
  static constexpr size_t kMaximumKey = 15;

  size_t get(const char* key, void* value, size_t capacity) const override {
    const auto found = values.find(key);
    if (found == values.end()) return 0;
    const size_t copied = found->second.size() < capacity ? found->second.size() : capacity;
    if (copied > 0) std::memcpy(value, found->second.data(), copied);
    return found->second.size();
  }

  bool set(const char* key, const void* value, size_t size) override {
    if (std::strlen(key) > kMaximumKey || !works()) return false;
    values[key] = std::string(static_cast<const char*>(value), size);
    return true;
  }

  bool erase(const char* key) override {
    if (!works()) return false;
    values.erase(key);
    return true;
  }

  /// The n-th write (or erase) from now and all behind it fail; 0: the next.
  void fail_after(uint64_t count) { fails_at_ = writes + count; }
  void recover() { fails_at_ = UINT64_MAX; }

  std::map<std::string, std::string> values;
  uint64_t writes = 0;  ///< also those that failed

 private:
  bool works() { return writes++ < fails_at_; }

  uint64_t fails_at_ = UINT64_MAX;
};

}  // namespace sim
