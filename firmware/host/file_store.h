#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hal/store.h"

namespace host {

/// Named values, a file each, or in memory only. A file is written beside the old one and renamed: there is the old value
/// or the new one.
class FileStore final : public hal::Store {
 public:
  /// `folder` empty: in memory only; else it exists.
  explicit FileStore(const std::string& folder);

  size_t get(const char* key, void* value, size_t capacity) const override;
  bool set(const char* key, const void* value, size_t size) override;
  bool erase(const char* key) override;

 private:
  static bool valid(const char* key);

  std::string folder_;
  std::map<std::string, std::vector<uint8_t>> values_;
};

}  // namespace host
