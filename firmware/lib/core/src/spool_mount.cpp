// The spool after a boot, and after trouble: where the log begins and ends, and what is in it.

#include <algorithm>
#include <array>

#include "core/spool.h"
#include "spool_format.h"

namespace sensor {

using namespace spool_format;

bool Spool::mount() {
  mounted_ = false;
  sector_size_ = flash_.sector_size();
  const bool usable = sector_size_ >= 64 && sector_size_ % 4 == 0 && flash_.size() / sector_size_ >= 2;
  if (!usable) {
    return false;
  }
  sectors_ = flash_.size() / sector_size_;
  newest_ = sectors_ - 1;  // The first sector of all has the number `sectors_`: place 0.
  for (uint32_t sector = 0; sector < sectors_; ++sector) {
    SectorHeader header{};
    if (!flash_.read(sector * sector_size_, &header, sizeof header)) {
      return false;
    }
    if (header.lap % sectors_ == sector && header.lap >= sectors_ && valid(header, header.lap)) {
      newest_ = std::max(newest_, header.lap);
    }
  }
  oldest_ = std::max(sectors_, newest_ + 1 - sectors_);
  offset_ = sector_size_;
  failed_opens_ = 0;
  not_held_ = 0;
  lost_ = torn_ = 0;
  oldest_of_ = Oldest{};
  first_not_held_ = begin();
  mounted_ = survey(begin(), true);
  return mounted_;
}

/// Walk to the end of the log, and find where the next record is written. Counts on the way, if asked.
bool Spool::survey(Position from, bool count) {
  Position at = from;
  offset_ = sector_size_;
  for (;;) {
    Record record;
    Position following;
    switch (look(&at, &record, &following)) {
      case Place::kFailed:
        return false;
      case Place::kEnd:
        return true;
      case Place::kFree:
        if (at.lap == newest_ && blank(at.offset)) {
          offset_ = at.offset;
        }
        break;
      case Place::kRecord:
        if (count && !record.held) {
          ++not_held_;
        }
        break;
      case Place::kTorn:
        if (count) {
          ++torn_;
        }
        break;
      case Place::kGone:
      case Place::kNothing:
        break;
    }
    at = following;
  }
}

/// Whether the newest sector is erased from there to its end.
bool Spool::blank(uint32_t offset) const {
  std::array<uint32_t, 16> words{};
  while (offset < sector_size_) {
    const uint32_t piece = std::min<uint32_t>(sizeof words, sector_size_ - offset);
    if (!flash_.read(base(newest_) + offset, words.data(), piece)) {
      return false;
    }
    if (!std::all_of(words.begin(), words.begin() + piece / 4,
                     [](uint32_t word) { return word == kErased; })) {
      return false;
    }
    offset += piece;
  }
  return true;
}

/// Records that nobody holds and that begin in these sectors; nothing where flash could not be read.
std::optional<size_t> Spool::count_not_held(uint32_t first_lap, uint32_t last_lap) const {
  size_t count = 0;
  Position at{0, first_lap};
  while (at.lap <= last_lap) {
    Record record;
    Position following;
    const Place place = look(&at, &record, &following);
    if (place == Place::kFailed) {
      return std::nullopt;
    }
    if (place == Place::kEnd) {
      break;
    }
    if (place == Place::kRecord && !record.held) {
      ++count;
    }
    at = following;
  }
  return count;
}

/// After a part of the log could not be read or erased: what cannot be found any more is lost.
void Spool::recount() {
  oldest_ = std::max(oldest_, newest_ + 1 - sectors_);
  const std::optional<size_t> found = count_not_held(oldest_, newest_);
  if (found && *found < not_held_) {
    lost_ += not_held_ - *found;
    not_held_ = *found;
  }
}

}  // namespace sensor
