#pragma once

#include <cstddef>
#include <cstdint>

namespace sensor {

/// The CRC-32 of Ethernet and zlib. Give the checksum of what came before to go on with it.
uint32_t crc32(const void* data, size_t size, uint32_t before = 0);

}  // namespace sensor
