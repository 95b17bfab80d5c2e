#include "core/spool.h"

#include <algorithm>
#include <cstring>

#include "core/crc32.h"
#include "spool_format.h"

namespace sensor {

using namespace spool_format;

namespace {

constexpr uint32_t kTries = 3;  ///< before a sector that cannot be opened is passed over

}  // namespace

Spool::Spool(hal::Flash& flash) : flash_(flash) {}

uint32_t Spool::data_size() const { return sector_size_ - kSectorHeader; }

/// A record may begin at the very end of a sector; the sectors behind it must not reach round to that one.
size_t Spool::maximum_payload() const { return sectors_ == 0 ? 0 : size_t{sectors_ - 1} * data_size(); }

bool Spool::add(BatchKey key, Bytes payload, Record* record) {
  if (!mounted_ || payload.size == 0 || payload.size > maximum_payload()) {
    return false;
  }
  if (sector_size_ - offset_ < kRecordHeader && !open(0)) {
    return false;
  }
  const Position at{offset_, newest_};
  const RecordHeader header = make_record_header(key, payload, at.lap, at.offset);
  const uint32_t address = base(at.lap) + at.offset;
  const uint32_t state = with(header.state, Mark::kWhole);
  offset_ += kRecordHeader;
  if (!flash_.write(address, &header, kState) || !write_payload(payload) ||
      !flash_.write(address + kState, &state, sizeof state)) {
    // Go on behind what was written of it.
    survey(at, false);
    return false;
  }
  ++not_held_;
  if (oldest_of_.known && oldest_of_.session == key.session && !oldest_of_.position) {
    oldest_of_.position = at;
  }
  if (record != nullptr) {
    *record = Record{key, at, header.size, false};
  }
  return true;
}

/// Write at `offset_` and on, opening sectors on the way.
bool Spool::write_payload(Bytes payload) {
  const uint8_t* data = payload.data;
  auto left = static_cast<uint32_t>(payload.size);
  while (left > 0) {
    if (offset_ == sector_size_ && !open(padded(left))) {
      return false;
    }
    const uint32_t piece = std::min(left, sector_size_ - offset_);
    const uint32_t words = piece & ~3U;
    const uint32_t address = base(newest_) + offset_;
    if (words > 0 && !flash_.write(address, data, words)) {
      return false;
    }
    if (words < piece) {
      uint32_t last = kErased;
      std::memcpy(&last, data + words, piece - words);
      if (!flash_.write(address + words, &last, sizeof last)) {
        return false;
      }
    }
    offset_ += padded(piece);
    data += piece;
    left -= piece;
  }
  return true;
}

/// Begin the next sector, forgetting what was in it. One that fails several times is passed over.
bool Spool::open(uint32_t carried) {
  const uint32_t lap = newest_ + 1;
  if (lap > kMaximumLap) {
    return false;
  }
  const SectorHeader header = make_sector_header(lap, carried);
  if (clear(lap) && flash_.erase(lap % sectors_) && flash_.write(base(lap), &header, sizeof header)) {
    newest_ = lap;
    offset_ = kSectorHeader;
    failed_opens_ = 0;
    return true;
  }
  if (++failed_opens_ >= kTries) {
    failed_opens_ = 0;
    newest_ = lap;
    offset_ = sector_size_;
    recount();
  }
  return false;
}

/// Make sure that nothing of the sector's last lap can be found again, whatever becomes of the erase, and
/// count what is lost with it.
bool Spool::clear(uint32_t lap) {
  if (!reuses(lap)) {
    return true;
  }
  const std::optional<size_t> not_held = count_not_held(oldest_, oldest_);
  const uint32_t nothing = 0;
  if (!flash_.write(base(oldest_), &nothing, sizeof nothing)) {
    return false;
  }
  ++oldest_;
  if (!not_held) {
    recount();
    return true;
  }
  const size_t lost = std::min(*not_held, not_held_);
  not_held_ -= lost;
  lost_ += lost;
  return true;
}

/// Set a mark. False where the record is not there, or flash did not take the mark.
bool Spool::set(const Record& record, Mark mark, bool* was_held) {
  if (!mounted_ || forgotten(record.position)) {
    return false;
  }
  Position at = record.position;
  Record there;
  Position following;
  if (look(&at, &there, &following) != Place::kRecord || there.key != record.key) {
    return false;
  }
  *was_held = there.held;
  const uint32_t address = base(at.lap) + at.offset + kState;
  uint32_t state = 0;
  if (!flash_.read(address, &state, sizeof state)) {
    return false;
  }
  state = with(state, mark);
  const bool written = flash_.write(address, &state, sizeof state);
  // What counts is what will be read from now on, also where a write failed half-way.
  return written || (flash_.read(address, &state, sizeof state) && has(state, mark));
}

bool Spool::set_held(const Record& record) {
  bool was_held = false;
  if (!set(record, Mark::kHeld, &was_held) || was_held) {
    return false;
  }
  not_held_ -= std::min<size_t>(not_held_, 1);
  return true;
}

void Spool::give_up(const Record& record) {
  bool was_held = false;
  if (!set(record, Mark::kGone, &was_held)) {
    return;
  }
  oldest_of_.known = false;
  if (!was_held) {
    not_held_ -= std::min<size_t>(not_held_, 1);
    ++lost_;
  }
}

size_t Spool::read(const Record& record, Memory payload, bool* damaged) const {
  if (damaged != nullptr) {
    *damaged = false;
  }
  if (!mounted_ || forgotten(record.position) || record.size > payload.size) {
    return 0;
  }
  RecordHeader header{};
  Position at = record.position;
  if (!flash_.read(base(at.lap) + at.offset, &header, sizeof header) || !valid(header, at.lap, at.offset) ||
      key_of(header) != record.key || header.size != record.size) {
    return 0;
  }
  at.offset += kRecordHeader;
  for (uint32_t done = 0; done < record.size;) {
    if (at.offset == sector_size_) {
      at = Position{kSectorHeader, at.lap + 1};
    }
    const uint32_t piece = std::min(record.size - done, sector_size_ - at.offset);
    if (!flash_.read(base(at.lap) + at.offset, payload.data + done, piece)) {
      return 0;
    }
    done += piece;
    at.offset += piece;
  }
  if (crc32(payload.data, record.size) != header.payload_crc) {
    if (damaged != nullptr) {
      *damaged = true;
    }
    return 0;
  }
  return record.size;
}

}  // namespace sensor
