// The buffer's view of flash: which record is published next, and what is under way from there.

#include <algorithm>

#include "core/buffer.h"

namespace sensor {

/// Note one that is under way and not in memory. There is a place: no more than kWindow are under way.
void Buffer::depart(const Spool::Record& record, bool stored) {
  for (Flight& flight : flights_) {
    if (!flight.used) {
      flight = Flight{true, stored, record};
      return;
    }
  }
}

Buffer::Flight* Buffer::flight_of(BatchKey key) {
  for (Flight& flight : flights_) {
    if (flight.used && flight.record.key == key) {
      return &flight;
    }
  }
  return nullptr;
}

bool Buffer::flying(BatchKey key) const {
  return std::any_of(flights_.begin(), flights_.end(),
                     [key](const Flight& flight) { return flight.used && flight.record.key == key; });
}

/// It is not under way any more, and has to be found again.
void Buffer::land(Flight* flight) {
  const Spool::Record record = flight->record;
  flight->used = false;
  if (!flight->stored) {
    lost_ += record.held ? 0 : 1;
    return;
  }
  if (spool_->forgotten(record.position)) {
    return;
  }
  if (!record.held) {
    from_ = from_ ? std::min(*from_, record.position) : record.position;
    return;
  }
  for (Range& range : ranges_) {
    if (range.contains(record.key)) {
      range.from = std::min(range.from, record.position);
      range.to = std::max(range.to, record.position);
      return;
    }
  }
  add_range(Range{true, record.key.session, record.key.sequence, record.key.sequence, record.position,
                  record.position});
}

bool Buffer::next_of_flash(Outgoing* outgoing) {
  for (std::optional<Spool::Record> record = choose(); record; record = choose()) {
    bool damaged = false;
    const size_t size = spool_->read(*record, scratch_, &damaged);
    if (size == 0 && !damaged && record->size <= scratch_.size) {
      return false;  // Flash does not work now; perhaps later.
    }
    const Spool::Position behind = spool_->behind(*record);
    if (record->held) {
      for (Range& range : ranges_) {
        if (range.contains(record->key) && !(record->position < range.from)) {
          range.from = behind;
        }
      }
    } else {
      from_ = behind;
    }
    if (size == 0) {
      spool_->give_up(*record);
      continue;
    }
    depart(*record, true);
    *outgoing = Outgoing{record->key, {scratch_.data, size}};
    return true;
  }
  return false;
}

/// The oldest record that is to be published.
std::optional<Spool::Record> Buffer::choose() const {
  if (spool_ == nullptr) {
    return std::nullopt;
  }
  std::optional<Spool::Record> best = choose_not_held();
  for (Range& range : ranges_) {
    const std::optional<Spool::Record> other = choose_of(&range);
    if (other && (!best || other->position < best->position)) {
      best = other;
    }
  }
  return best;
}

std::optional<Spool::Record> Buffer::choose_not_held() const {
  const auto waiting =
      static_cast<size_t>(std::count_if(flights_.begin(), flights_.end(), [this](const Flight& flight) {
        return flight.used && flight.stored && !flight.record.held &&
               !spool_->forgotten(flight.record.position);
      }));
  if (spool_->not_held() <= waiting) {
    return std::nullopt;
  }
  std::optional<Spool::Record> record = spool_->next(from_);
  while (record && flying(record->key)) {
    from_ = spool_->behind(*record);
    record = spool_->next(from_);
  }
  if (record) {
    from_ = record->position;
  }
  return record;
}

std::optional<Spool::Record> Buffer::choose_of(Range* range) const {
  while (range->used && !(range->to < range->from)) {
    const std::optional<Spool::Record> record = spool_->any(range->from);
    if (!record && !spool_->forgotten(range->to)) {
      return std::nullopt;  // Flash does not work now; perhaps later.
    }
    if (!record || range->to < record->position) {
      range->from = Spool::Position{0, range->to.lap + 1};
      break;
    }
    if (record->held && range->contains(record->key) && !flying(record->key)) {
      range->from = record->position;
      return record;
    }
    range->from = spool_->behind(*record);
  }
  return std::nullopt;
}

/// Join it with one that it touches, or take a place that is free.
bool Buffer::add_range(const Range& added) {
  Range* place = nullptr;
  for (Range& range : ranges_) {
    if (!range.used || done(range)) {
      range.used = false;
      place = place == nullptr ? &range : place;
    } else if (range.session == added.session && range.first <= added.last && added.first <= range.last) {
      range.first = std::min(range.first, added.first);
      range.last = std::max(range.last, added.last);
      range.from = std::min(range.from, added.from);
      range.to = std::max(range.to, added.to);
      return true;
    }
  }
  if (place != nullptr) {
    *place = added;
  }
  return place != nullptr;
}

/// Whether nothing of it is waiting or under way.
bool Buffer::done(const Range& range) const {
  return range.to < range.from &&
         std::none_of(
             flights_.begin(), flights_.end(),
             [&range](const Flight& flight) { return flight.used && range.contains(flight.record.key); });
}

}  // namespace sensor
