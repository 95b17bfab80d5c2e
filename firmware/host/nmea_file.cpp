#include "nmea_file.h"

#include <algorithm>
#include <cstring>
#include <fstream>

namespace host {
namespace {

constexpr uint64_t kSecondUs = 1'000'000;
constexpr size_t kMostWaiting = 4'096;  // a serial line that nobody reads keeps no more

/// GGA of $GPGGA,…: the kind, without the talker.
std::string kind_of(const std::string& line) { return line.size() < 6 ? std::string() : line.substr(3, 3); }

}  // namespace

bool NmeaFile::load(const std::string& path, NmeaFile* file) {
  std::ifstream input(path);
  std::string first;
  for (std::string line; std::getline(input, line);) {
    if (line.empty() || line[0] != '$') {
      continue;
    }
    if (first.empty()) {
      first = kind_of(line);
    }
    if (file->seconds.empty() || kind_of(line) == first) {
      file->seconds.emplace_back();
    }
    while (line.back() == '\r') {
      line.pop_back();
    }
    file->seconds.back() += line + "\r\n";
  }
  return !file->seconds.empty();
}

size_t FileGps::read(char* text, size_t capacity) {
  const uint64_t now_us = clock_.monotonic_us();
  if (now_us >= next_us_) {
    next_us_ = now_us - now_us % kSecondUs + kSecondUs;
    if (waiting_.size() < kMostWaiting) {
      waiting_ += file_.seconds[second_];
    }
    second_ = (second_ + 1) % file_.seconds.size();
  }
  const size_t size = std::min(capacity, waiting_.size());
  std::memcpy(text, waiting_.data(), size);
  waiting_.erase(0, size);
  return size;
}

}  // namespace host
