#include "core/crc32.h"

#include <array>

namespace sensor {

namespace {

/// Four bits at a time: 64 bytes of table instead of 1,024.
constexpr std::array<uint32_t, 16> make_table() {
  std::array<uint32_t, 16> table{};
  for (uint32_t index = 0; index < 16; ++index) {
    uint32_t value = index;
    for (int bit = 0; bit < 4; ++bit) {
      value = (value >> 1) ^ ((value & 1) ? 0xEDB88320U : 0U);
    }
    table[index] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 16> kTable = make_table();

}  // namespace

uint32_t crc32(const void* data, size_t size, uint32_t before) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  uint32_t crc = ~before;
  for (size_t index = 0; index < size; ++index) {
    crc ^= bytes[index];
    crc = (crc >> 4) ^ kTable[crc & 15U];
    crc = (crc >> 4) ^ kTable[crc & 15U];
  }
  return ~crc;
}

}  // namespace sensor
