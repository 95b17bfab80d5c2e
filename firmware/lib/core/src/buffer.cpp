#include "core/buffer.h"

#include <algorithm>

namespace sensor {

Buffer::Buffer(Memory ring, Spool* spool, Memory scratch) : ring_(ring), spool_(spool), scratch_(scratch) {}

void Buffer::add(BatchKey key, Bytes payload) {
  if (ring_.fits_ever(payload.size)) {
    make_room(payload.size);
    ring_.add(key, payload);
    return;
  }
  // Straight to flash, behind everything that is older.
  save();
  const bool fits = spool_ != nullptr && payload.size <= scratch_.size;
  if (!fits || !spool_->add(key, payload)) {
    ++lost_;
  }
}

/// Forget the oldest of memory that the broker holds, and move the others to flash.
void Buffer::make_room(size_t size) {
  while (!ring_.fits(size) && !ring_.empty()) {
    const Ring::Entry oldest = ring_.oldest();
    if (oldest.held || !store(oldest)) {
      if (oldest.under_way) {
        depart(Spool::Record{oldest.key, {}, 0, oldest.held}, false);
      } else if (!oldest.held) {
        ++lost_;
      }
    }
    ring_.drop_oldest();
  }
}

/// Copy an entry to flash; one under way is under way from there.
bool Buffer::store(const Ring::Entry& entry) {
  Spool::Record record;
  const bool fits = spool_ != nullptr && entry.payload.size <= scratch_.size;
  if (!fits || !spool_->add(entry.key, entry.payload, &record)) {
    return false;
  }
  if (entry.under_way) {
    depart(record, true);
  }
  return true;
}

size_t Buffer::save() {
  size_t unsaved = 0;
  ring_.each([&](const Ring::Entry& entry) {
    if (!entry.held) {
      if (store(entry)) {
        ring_.forget(entry.key);
      } else {
        ++unsaved;
      }
    }
    return true;
  });
  return unsaved;
}

bool Buffer::next(Outgoing* outgoing) {
  if (under_way() >= kWindow) {
    return false;
  }
  const bool flash_first = flash_next_;
  if (flash_first && next_of_flash(outgoing)) {
    flash_next_ = false;
    return true;
  }
  if (next_of_memory(outgoing)) {
    flash_next_ = true;
    return true;
  }
  return !flash_first && next_of_flash(outgoing);
}

bool Buffer::next_of_memory(Outgoing* outgoing) {
  Ring::Entry entry{};
  if (!ring_.next_pending(&entry)) {
    return false;
  }
  ring_.set_under_way(entry.key);
  *outgoing = Outgoing{entry.key, entry.payload};
  return true;
}

void Buffer::held(BatchKey key) {
  Flight* flight = flight_of(key);
  if (flight == nullptr) {
    ring_.set_held(key);
    return;
  }
  const Spool::Record record = flight->record;
  const bool stored = flight->stored;
  flight->used = false;
  if (!stored || record.held) {
    return;
  }
  if (spool_->forgotten(record.position)) {
    ++late_;
  } else {
    spool_->set_held(record);
  }
}

void Buffer::again(BatchKey key) {
  Flight* flight = flight_of(key);
  if (flight == nullptr) {
    ring_.set_pending(key);
  } else {
    land(flight);
  }
}

void Buffer::all_again() {
  for (Flight& flight : flights_) {
    if (flight.used) {
      land(&flight);
    }
  }
  if (ring_.under_way() > 0) {
    ring_.each([this](const Ring::Entry& entry) {
      if (entry.under_way) {
        ring_.set_pending(entry.key);
      }
      return ring_.under_way() > 0;
    });
  }
}

uint64_t Buffer::resend(uint32_t session, uint64_t first, uint64_t last) {
  uint64_t here = 0;
  ring_.each([&](const Ring::Entry& entry) {
    if (entry.key.session == session && first <= entry.key.sequence && entry.key.sequence <= last) {
      ++here;
      if (!entry.under_way) {
        ring_.set_pending(entry.key);
      }
    }
    return true;
  });
  if (spool_ == nullptr) {
    return here;
  }
  Range range{true, session, first, last, {}, {}};
  uint64_t of_broker = 0;
  for (std::optional<Spool::Record> record = spool_->oldest(session); record;
       record = spool_->any(spool_->behind(*record))) {
    if (!range.contains(record->key)) {
      continue;
    }
    ++here;
    if (record->held && !flying(record->key)) {
      range.from = of_broker++ == 0 ? record->position : range.from;
      range.to = record->position;
    }
  }
  return of_broker == 0 || add_range(range) ? here : here - of_broker;
}

bool Buffer::pending() const {
  Ring::Entry entry{};
  return under_way() < kWindow && (ring_.next_pending(&entry) || choose());
}

size_t Buffer::under_way() const {
  return ring_.under_way() +
         static_cast<size_t>(std::count_if(flights_.begin(), flights_.end(),
                                           [](const Flight& flight) { return flight.used; }));
}

uint32_t Buffer::not_held() const {
  return static_cast<uint32_t>(ring_.not_held() + (spool_ != nullptr ? spool_->not_held() : 0));
}

std::optional<uint64_t> Buffer::oldest(uint32_t session) const {
  std::optional<uint64_t> sequence;
  if (spool_ != nullptr) {
    sequence = spool_->oldest_sequence(session);
  }
  ring_.each([&](const Ring::Entry& entry) {
    if (entry.key.session != session) {
      return true;
    }
    sequence = std::min(sequence.value_or(entry.key.sequence), entry.key.sequence);
    return false;
  });
  return sequence;
}

uint64_t Buffer::lost() const {
  uint64_t lost = lost_;
  if (spool_ != nullptr) {
    lost += spool_->lost() - late_;
    lost -=
        static_cast<uint64_t>(std::count_if(flights_.begin(), flights_.end(), [this](const Flight& flight) {
          return flight.used && flight.stored && !flight.record.held &&
                 spool_->forgotten(flight.record.position);
        }));
  }
  return lost;
}

}  // namespace sensor
