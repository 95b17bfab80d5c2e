#include "file_store.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace host {
namespace {

constexpr size_t kLongestKey = 15;
constexpr const char* kPartial = ".partial";

}  // namespace

FileStore::FileStore(const std::string& folder) : folder_(folder) {
  if (folder_.empty()) {
    return;
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (entry.path().extension() == kPartial) {
      continue;  // a kill came while it was written
    }
    std::ifstream file(entry.path(), std::ios::binary);
    values_[entry.path().filename().string()] =
        std::vector<uint8_t>{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
}

size_t FileStore::get(const char* key, void* value, size_t capacity) const {
  const auto found = values_.find(key);
  if (found == values_.end()) {
    return 0;
  }
  const size_t size = found->second.size();
  if (size != 0 && capacity != 0) {
    std::memcpy(value, found->second.data(), std::min(size, capacity));
  }
  return size;
}

bool FileStore::set(const char* key, const void* value, size_t size) {
  if (!valid(key)) {
    return false;
  }
  const auto* const bytes = static_cast<const uint8_t*>(value);
  if (!folder_.empty()) {
    const std::string path = folder_ + "/" + key;
    const std::string partial = path + kPartial;
    std::FILE* const file = std::fopen(partial.c_str(), "wb");
    if (file == nullptr) {
      return false;
    }
    const bool written = std::fwrite(bytes, 1, size, file) == size;
    if (std::fclose(file) != 0 || !written || std::rename(partial.c_str(), path.c_str()) != 0) {
      return false;
    }
  }
  values_[key] = std::vector<uint8_t>(bytes, bytes + size);
  return true;
}

bool FileStore::erase(const char* key) {
  if (!valid(key)) {
    return false;
  }
  const bool gone = folder_.empty() || std::remove((folder_ + "/" + key).c_str()) == 0 || values_.count(key) == 0;
  values_.erase(key);
  return gone;
}

bool FileStore::valid(const char* key) {
  const size_t size = std::strlen(key);
  return size != 0 && size <= kLongestKey && std::strchr(key, '/') == nullptr && key[0] != '.' &&
         std::strstr(key, kPartial) == nullptr;
}

}  // namespace host
