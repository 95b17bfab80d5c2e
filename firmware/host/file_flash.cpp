#include "file_flash.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "log.h"

namespace host {

FileFlash::FileFlash(const std::string& path, uint32_t size) : size_(size) {
  int file = -1;
  if (!path.empty()) {
    file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat found {};
    const bool opened = file >= 0 && fstat(file, &found) == 0;
    if (opened && found.st_size != 0 && found.st_size != static_cast<off_t>(size)) {
      problem_ = path + " holds a spool of " + std::to_string(found.st_size) + " bytes: --spool " +
                 std::to_string(found.st_size) + ", or remove it";
    } else if (!opened || ftruncate(file, static_cast<off_t>(size)) != 0) {
      problem_ = path + ": " + system_error();
    }
  }
  if (problem_.empty()) {
    const int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void* const mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, file, 0);
    if (mapped == MAP_FAILED) {
      problem_ = "no memory for a spool of " + std::to_string(size) + " bytes: " + system_error();
    } else {
      bytes_ = static_cast<uint8_t*>(mapped);
    }
  }
  if (file >= 0) {
    close(file);
  }
}

FileFlash::~FileFlash() {
  if (bytes_ != nullptr) {
    munmap(bytes_, size_);
  }
}

bool FileFlash::read(uint32_t offset, void* data, size_t size) {
  if (!inside(offset, size)) {
    return false;
  }
  auto* const out = static_cast<uint8_t*>(data);
  for (size_t i = 0; i < size; ++i) {
    out[i] = static_cast<uint8_t>(~bytes_[offset + i]);
  }
  return true;
}

bool FileFlash::write(uint32_t offset, const void* data, size_t size) {
  if (!inside(offset, size) || offset % 4 != 0 || size % 4 != 0) {
    return false;
  }
  const auto* const in = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < size; ++i) {
    bytes_[offset + i] = static_cast<uint8_t>(bytes_[offset + i] | ~in[i]);
  }
  return true;
}

bool FileFlash::erase(uint32_t sector) {
  if (sector >= size_ / kSectorSize) {
    return false;
  }
  std::memset(bytes_ + static_cast<size_t>(sector) * kSectorSize, 0, kSectorSize);
  return true;
}

}  // namespace host
