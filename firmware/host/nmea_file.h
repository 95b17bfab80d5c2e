#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/clock.h"
#include "hal/gps.h"

namespace host {

/// The sentences of a file, read once for all sensors: those of one second each, as a receiver sends them.
/// A second begins with each sentence of the first one's kind.
struct NmeaFile {
  std::vector<std::string> seconds;

  /// False where there is nothing to read.
  static bool load(const std::string& path, NmeaFile* file);
};

/// A receiver's serial line that repeats a file.
class FileGps final : public hal::Gps {
 public:
  FileGps(const NmeaFile& file, const hal::Clock& clock) : file_(file), clock_(clock) {}

  size_t read(char* text, size_t capacity) override;

 private:
  const NmeaFile& file_;
  const hal::Clock& clock_;
  uint64_t next_us_ = 0;
  size_t second_ = 0;
  std::string waiting_;
};

}  // namespace host
