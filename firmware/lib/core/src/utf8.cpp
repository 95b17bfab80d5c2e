#include "utf8.h"

namespace sensor {
namespace {

bool continues(uint8_t byte) { return (byte & 0xC0U) == 0x80U; }

/// Bytes of the character that begins here; 0 where none does.
size_t character_size(const uint8_t* at, size_t left) {
  const uint8_t first = at[0];
  if (first < 0x80) {
    return 1;
  }
  const size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (size == 0 || size > left) {
    return 0;
  }
  for (size_t index = 1; index < size; ++index) {
    if (!continues(at[index])) {
      return 0;
    }
  }
  const uint8_t second = at[1];
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second >= 0xA0;
  const bool beyond = first == 0xF4 && second >= 0x90;
  return overlong || surrogate || beyond ? 0 : size;
}

}  // namespace

bool is_utf8(Bytes text) {
  for (size_t at = 0; at < text.size;) {
    const size_t size = character_size(text.data + at, text.size - at);
    if (size == 0) {
      return false;
    }
    at += size;
  }
  return true;
}

}  // namespace sensor
