#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

/// How the spool lies on flash. Words are little-endian, as on every processor that this runs on.
///
///     sector:  SectorHeader | records …, which may begin in one sector and end in a later one
///     record:  RecordHeader | payload, padded with ones to whole words
///
/// A record's header is never cut in two by the end of a sector; its payload is, as often as need be. Sectors
/// are used in a circle. Each one that is opened gets the next number (lap), lap % sectors is its place: so
/// order and age are known without an index.
namespace sensor::spool_format {

/// Written after a sector was erased. It is made invalid before the next erase, so that half an erase is
/// never believed.
struct SectorHeader {
  uint32_t magic;
  uint32_t lap;
  uint32_t carried;  ///< bytes at the sector's start and on that belong to a record that began earlier
  uint32_t crc;      ///< of the words before
};

/// Written before the payload; `state` follows it.
struct RecordHeader {
  uint32_t size;  ///< of the payload, bytes
  uint32_t session;
  uint32_t sequence_low;
  uint32_t sequence_high;
  uint32_t payload_crc;
  uint32_t crc;  ///< of the words before, and of the place: a copy elsewhere is none
  uint32_t state;
};

constexpr uint32_t kSectorHeader = sizeof(SectorHeader);
constexpr uint32_t kRecordHeader = sizeof(RecordHeader);
constexpr uint32_t kState = offsetof(RecordHeader, state);
static_assert(kSectorHeader == 16 && kRecordHeader == 28, "no padding");

constexpr uint32_t kErased = 0xFFFFFFFFU;
constexpr uint32_t kMaximumLap = 0x7FFFFFFFU;  ///< far more than flash survives

/// What a record's state says. Each is a byte that is cleared; a power cut while it is cleared may leave any
/// of its bits, so most of them count.
enum class Mark : uint32_t {
  kWhole = 0x000000FFU,  ///< the payload is written
  kHeld = 0x0000FF00U,   ///< the broker has it
  kGone = 0x00FF0000U,   ///< its payload turned out to be damaged
};
bool has(uint32_t state, Mark mark);
uint32_t with(uint32_t state, Mark mark);

constexpr uint32_t padded(uint32_t size) { return (size + 3U) & ~3U; }

SectorHeader make_sector_header(uint32_t lap, uint32_t carried);
bool valid(const SectorHeader& header, uint32_t lap);

RecordHeader make_record_header(BatchKey key, Bytes payload, uint32_t lap, uint32_t offset);
bool valid(const RecordHeader& header, uint32_t lap, uint32_t offset);
bool erased(const RecordHeader& header);
BatchKey key_of(const RecordHeader& header);

}  // namespace sensor::spool_format
