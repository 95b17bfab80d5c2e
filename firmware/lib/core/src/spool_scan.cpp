// The spool's reading half: what is where in the log.

#include <algorithm>

#include "core/spool.h"
#include "spool_format.h"

namespace sensor {

using namespace spool_format;

bool Spool::read_sector(uint32_t lap, uint32_t* carried, bool* is_valid) const {
  SectorHeader header{};
  if (!flash_.read(base(lap), &header, sizeof header)) {
    return false;
  }
  *is_valid = valid(header, lap);
  *carried = header.carried;
  return true;
}

/// What is at a place; `at` becomes the exact one where it was the start of a sector. `following`: where to
/// look next.
Spool::Place Spool::look(Position* at, Record* record, Position* following) const {
  if (at->lap > newest_) {
    return Place::kEnd;
  }
  *following = Position{0, at->lap + 1};
  if (at->offset < kSectorHeader) {
    uint32_t carried = 0;
    bool is_valid = false;
    if (!read_sector(at->lap, &carried, &is_valid)) {
      return Place::kFailed;
    }
    if (!is_valid || carried >= data_size()) {
      return Place::kNothing;
    }
    at->offset = kSectorHeader + padded(carried);
  }
  if (at->offset + kRecordHeader > sector_size_) {
    return Place::kNothing;
  }
  RecordHeader header{};
  if (!flash_.read(base(at->lap) + at->offset, &header, sizeof header)) {
    return Place::kFailed;
  }
  if (erased(header)) {
    return Place::kFree;
  }
  if (!valid(header, at->lap, at->offset) || header.size > maximum_payload()) {
    // Torn: the next one was written right behind what would have been its header.
    *following = Position{at->offset + kRecordHeader, at->lap};
    return Place::kTorn;
  }
  *record = Record{key_of(header), *at, header.size, has(header.state, Mark::kHeld)};
  bool whole = false;
  if (!follow(*at, header.size, &whole, following)) {
    return Place::kFailed;
  }
  if (!whole || !has(header.state, Mark::kWhole)) {
    return Place::kTorn;
  }
  return has(header.state, Mark::kGone) ? Place::kGone : Place::kRecord;
}

/// Follow a payload into the sectors behind: it goes on where they say that as much is carried. Where one
/// says something else the record was torn, and the log goes on with that sector.
bool Spool::follow(Position at, uint32_t size, bool* whole, Position* following) const {
  *following = after(at, size);
  *whole = true;
  uint32_t left = padded(size);
  left -= std::min(left, sector_size_ - at.offset - kRecordHeader);
  for (uint32_t lap = at.lap + 1; left > 0; ++lap) {
    uint32_t carried = 0;
    bool is_valid = false;
    if (lap <= newest_ && !read_sector(lap, &carried, &is_valid)) {
      return false;
    }
    if (!is_valid || carried != left) {
      *whole = false;
      *following = Position{0, lap};
      return true;
    }
    left -= std::min(left, data_size());
  }
  return true;
}

/// Where the record behind one of that size begins.
Spool::Position Spool::after(Position at, uint32_t size) const {
  const uint32_t room = sector_size_ - at.offset - kRecordHeader;
  if (padded(size) <= room) {
    return Position{at.offset + kRecordHeader + padded(size), at.lap};
  }
  const uint32_t rest = padded(size) - room;
  const uint32_t full = (rest - 1) / data_size();
  return Position{kSectorHeader + rest - full * data_size(), at.lap + 1 + full};
}

Spool::Position Spool::behind(const Record& record) const { return after(record.position, record.size); }

/// `failed` becomes true where flash could not be read: then nothing found means nothing.
std::optional<Spool::Record> Spool::search(Position at, bool held_too, bool* failed) const {
  if (!mounted_) {
    return std::nullopt;
  }
  at = std::max(at, begin());
  for (;;) {
    Record record;
    Position following;
    const Place place = look(&at, &record, &following);
    if (place == Place::kEnd || place == Place::kFailed) {
      if (failed != nullptr) {
        *failed = place == Place::kFailed;
      }
      return std::nullopt;
    }
    if (place == Place::kRecord && (held_too || !record.held)) {
      return record;
    }
    at = following;
  }
}

std::optional<Spool::Record> Spool::next(std::optional<Position> from) const {
  if (not_held_ == 0) {
    return std::nullopt;
  }
  const bool first = !from || !(first_not_held_ < *from);
  const std::optional<Record> found = search(first ? first_not_held_ : *from, false);
  if (first && found) {
    first_not_held_ = found->position;
  }
  return found;
}

std::optional<Spool::Record> Spool::any(std::optional<Position> from) const {
  return search(from.value_or(Position{}), true);
}

std::optional<Spool::Record> Spool::find(BatchKey key) const {
  std::optional<Record> record = any(std::nullopt);
  while (record && record->key != key) {
    record = any(behind(*record));
  }
  return record;
}

std::optional<Spool::Record> Spool::oldest(uint32_t session) const {
  if (oldest_of_.known && oldest_of_.session == session) {
    if (!oldest_of_.position) {
      return std::nullopt;
    }
    if (!forgotten(*oldest_of_.position)) {
      return any(oldest_of_.position);
    }
  }
  bool failed = false;
  std::optional<Record> record = search(begin(), true, &failed);
  while (record && record->key.session != session) {
    record = search(behind(*record), true, &failed);
  }
  if (failed) {
    return std::nullopt;
  }
  oldest_of_ = Oldest{true, session, record ? std::optional<Position>(record->position) : std::nullopt};
  return record;
}

std::optional<uint64_t> Spool::oldest_sequence(uint32_t session) const {
  const std::optional<Record> record = oldest(session);
  return record ? std::optional<uint64_t>(record->key.sequence) : std::nullopt;
}

}  // namespace sensor
