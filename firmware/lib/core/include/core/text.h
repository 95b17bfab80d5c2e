#pragma once

#include <cstddef>
#include <cstdint>

namespace sensor {

/// Writes short texts into a field that somebody else owns, always ended by NUL, cut where it is full. No printf: that
/// would cost an image several kilobytes.
class Text {
 public:
  Text(char* field, size_t capacity);
  Text& add(const char* text);
  Text& add(uint64_t number);

 private:
  char* at_;
  size_t room_;  ///< without the NUL
};

}  // namespace sensor
