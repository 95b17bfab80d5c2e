#include "spool_format.h"

#include <array>
#include <cstring>

#include "core/crc32.h"

namespace sensor::spool_format {

namespace {

constexpr uint32_t kMagic = 0x314C5053U;  // "SPL1": another layout gets another number

uint32_t checksum(const SectorHeader& header) { return crc32(&header, offsetof(SectorHeader, crc)); }

uint32_t checksum(const RecordHeader& header, uint32_t lap, uint32_t offset) {
  const std::array<uint32_t, 2> place{lap, offset};
  return crc32(place.data(), sizeof place, crc32(&header, offsetof(RecordHeader, crc)));
}

}  // namespace

bool has(uint32_t state, Mark mark) {
  int ones = 0;
  for (uint32_t rest = state & static_cast<uint32_t>(mark); rest != 0; rest &= rest - 1) {
    ++ones;
  }
  return ones < 4;
}

uint32_t with(uint32_t state, Mark mark) { return state & ~static_cast<uint32_t>(mark); }

SectorHeader make_sector_header(uint32_t lap, uint32_t carried) {
  SectorHeader header{kMagic, lap, carried, 0};
  header.crc = checksum(header);
  return header;
}

bool valid(const SectorHeader& header, uint32_t lap) {
  return header.magic == kMagic && header.lap == lap && lap <= kMaximumLap && header.crc == checksum(header);
}

RecordHeader make_record_header(BatchKey key, Bytes payload, uint32_t lap, uint32_t offset) {
  RecordHeader header{};
  header.size = static_cast<uint32_t>(payload.size);
  header.session = key.session;
  header.sequence_low = static_cast<uint32_t>(key.sequence);
  header.sequence_high = static_cast<uint32_t>(key.sequence >> 32U);
  header.payload_crc = crc32(payload.data, payload.size);
  header.crc = checksum(header, lap, offset);
  header.state = kErased;
  return header;
}

bool valid(const RecordHeader& header, uint32_t lap, uint32_t offset) {
  return header.size != 0 && header.crc == checksum(header, lap, offset);
}

bool erased(const RecordHeader& header) {
  std::array<uint32_t, kRecordHeader / 4> words{};
  std::memcpy(words.data(), &header, kRecordHeader);
  for (const uint32_t word : words) {
    if (word != kErased) {
      return false;
    }
  }
  return true;
}

BatchKey key_of(const RecordHeader& header) {
  return BatchKey{header.session, (uint64_t{header.sequence_high} << 32U) | header.sequence_low};
}

}  // namespace sensor::spool_format
