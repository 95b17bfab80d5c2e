#include <doctest.h>

#include "log.h"

using sensor::Spool;

namespace {

/// Whether these are of the batches that were added, in order, each once.
bool is_part_of(const Items& items, const Items& of) {
  auto place = of.begin();
  for (const Item& item : items) {
    place = std::find_if(place, of.end(), [&item](const Item& one) { return one.key == item.key; });
    if (place == of.end() || place->size != item.size) {
      return false;
    }
    ++place;
  }
  return true;
}

}  // namespace

TEST_CASE("a partition of anything at all becomes a log that works") {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    sim::Random random(seed);
    sim::Flash flash(5 * 256, 256, seed);
    flash.bytes = random.once_in(4) ? std::vector<uint8_t>(flash.size(), static_cast<uint8_t>(seed))
                                    : random.bytes(flash.size());
    Spool spool(flash);
    REQUIRE(spool.mount());
    REQUIRE(walk(spool).empty());
    Items added;
    for (uint64_t sequence = 0; sequence < 40; ++sequence) {
      const uint32_t size = random.between(1, 300);
      REQUIRE(add(spool, {1, sequence}, size));
      added.push_back({{1, sequence}, size, false});
      if (sequence % 9 == 0) {
        REQUIRE(spool.mount());
      }
      bool all_intact = true;
      const Items items = walk(spool, &all_intact);
      REQUIRE(all_intact);
      REQUIRE(is_end_of(items, added));
      REQUIRE_FALSE(items.empty());
    }
  }
}

TEST_CASE("bits that fall over cost the records that they are in, and no other payload is ever given") {
  for (uint32_t seed = 0; seed < 120; ++seed) {
    CAPTURE(seed);
    sim::Random random(seed);
    sim::Flash flash(6 * 256, 256, seed);
    Spool spool(flash);
    REQUIRE(spool.mount());
    Items added;
    uint64_t sequence = 0;
    for (int round = 0; round < 6; ++round) {
      for (int times = 0; times < 10; ++times) {
        const uint32_t size = random.between(1, random.once_in(4) ? 500 : 60);
        if (add(spool, {1, sequence}, size)) {
          added.push_back({{1, sequence}, size, false});
        }
        ++sequence;
      }
      for (uint32_t flips = random.between(1, 20); flips > 0; --flips) {
        flash.bytes[random.below(flash.size())] ^= static_cast<uint8_t>(1U << random.below(8));
      }
      if (random.once_in(2)) {
        REQUIRE(spool.mount());
      }
      size_t wrong = 0;
      std::vector<uint8_t> payload(2'000);
      auto record = spool.any(std::nullopt);
      for (size_t steps = 0; record; ++steps) {
        REQUIRE(steps < 1'000);
        const size_t size = spool.read(*record, {payload.data(), payload.size()});
        const bool known = contains(added, record->key);
        wrong +=
            known && (size == 0 || sim::equal({payload.data(), size}, sim::payload_of(record->key, size)))
                ? 0
                : 1;
        if (size == 0) {
          spool.give_up(*record);
        }
        record = spool.any(spool.behind(*record));
      }
      REQUIRE(wrong == 0);
    }
    // New batches are taken all the same, and once the damaged sectors were erased it is as good as new.
    Items fresh;
    for (uint64_t more = 0; more < 100; ++more) {
      REQUIRE(add(spool, {2, more}, 40));
      fresh.push_back({{2, more}, 40, false});
    }
    const Items items = walk(spool);
    REQUIRE(is_end_of(items, fresh));
    REQUIRE(items.size() >= 5 * 3);
  }
}

TEST_CASE("what looks like a record inside a payload is none, also where the record around it was damaged") {
  sim::Flash flash(4 * 4096, 4096);
  Spool spool(flash);
  REQUIRE(spool.mount());
  Spool::Record first;
  REQUIRE(spool.add({1, 0}, sim::bytes_of(sim::payload_of({1, 0}, 40)), &first));
  const uint32_t behind = spool.behind(first).offset;
  const std::vector<uint8_t> copy(flash.bytes.begin() + first.position.offset, flash.bytes.begin() + behind);
  REQUIRE(spool.add({1, 1}, sim::bytes_of(copy)));
  REQUIRE(add(spool, {1, 2}, 40));
  flash.bytes[behind + 4] ^= 1;
  REQUIRE(spool.mount());
  CHECK(walk(spool).front() == Item{{1, 0}, 40, false});
  CHECK_FALSE(contains(walk(spool), {1, 1}));
  const Items items = walk(spool);
  CHECK(std::count(items.begin(), items.end(), Item{{1, 0}, 40, false}) == 1);
}

TEST_CASE("nothing is written where flash is not erased, though no record is there") {
  sim::Flash flash(4 * 4096, 4096);
  Spool spool(flash);
  REQUIRE(spool.mount());
  REQUIRE(add(spool, {1, 0}, 40));
  flash.bytes[1'000] = 0;
  REQUIRE(spool.mount());
  REQUIRE(add(spool, {1, 1}, 2'000));
  bool all_intact = true;
  CHECK(walk(spool, &all_intact).size() == 2);
  CHECK(all_intact);
}

TEST_CASE(
    "flash that fails now and then: each failure is reported, what was taken is there, and it goes on") {
  for (uint32_t seed = 0; seed < 120; ++seed) {
    CAPTURE(seed);
    sim::Random random(seed);
    sim::Flash flash(6 * 256, 256, seed);
    Spool spool(flash);
    REQUIRE(spool.mount());
    Items added;
    for (uint64_t sequence = 0; sequence < 120; ++sequence) {
      flash.failing_reads = random.once_in(6) ? static_cast<int>(random.between(1, 3)) : 0;
      flash.failing_writes = random.once_in(6) ? static_cast<int>(random.between(1, 3)) : 0;
      flash.failing_erases = random.once_in(6) ? static_cast<int>(random.between(1, 3)) : 0;
      const uint32_t size = random.between(1, random.once_in(4) ? 500 : 60);
      const bool taken = add(spool, {1, sequence}, size);
      const auto found = spool.next(std::nullopt);
      const bool marked = random.once_in(2) && found && spool.set_held(*found);
      flash.failing_reads = flash.failing_writes = flash.failing_erases = 0;
      if (taken) {
        added.push_back({{1, sequence}, size, false});
      }
      if (random.once_in(10)) {
        REQUIRE(spool.mount());
      }
      bool all_intact = true;
      const Items items = walk(spool, &all_intact);
      REQUIRE(all_intact);
      REQUIRE(is_part_of(items, added));
      REQUIRE(contains(items, {1, sequence}) == taken);
      REQUIRE((!marked || !contains(items, found->key) || find(items, found->key)->held));
    }
    REQUIRE(add(spool, {1, 999}, 30));
    REQUIRE(flash.misuses == 0);
  }
}

TEST_CASE("flash that does not work at all is reported by every call") {
  sim::Flash flash(4 * 256, 256);
  Spool spool(flash);
  REQUIRE(spool.mount());
  for (uint64_t sequence = 0; sequence < 30; ++sequence) {
    REQUIRE(add(spool, {1, sequence}, 40));
  }
  const Items before = walk(spool);
  const auto record = spool.find(before[2].key);
  REQUIRE(record);
  std::vector<uint8_t> payload(40);

  flash.failing_writes = flash.failing_erases = -1;
  for (uint64_t sequence = 100; sequence < 130; ++sequence) {
    CHECK_FALSE(add(spool, {1, sequence}, 40));
  }
  CHECK_FALSE(spool.set_held(*spool.find(before.back().key)));

  flash.failing_reads = -1;
  bool damaged = true;
  CHECK_FALSE(add(spool, {1, 200}, 40));
  CHECK_FALSE(spool.next(std::nullopt));
  CHECK_FALSE(spool.find({1, 29}));
  CHECK_FALSE(spool.oldest_sequence(1));
  CHECK(spool.read(*record, {payload.data(), payload.size()}, &damaged) == 0);
  CHECK_FALSE(damaged);
  Spool other(flash);
  CHECK_FALSE(other.mount());

  flash.failing_reads = flash.failing_writes = flash.failing_erases = 0;
  CHECK(spool.oldest_sequence(1) == before.front().key.sequence);
  REQUIRE(spool.mount());
  CHECK(walk(spool) == before);
  CHECK(add(spool, {1, 300}, 40));
}

TEST_CASE("a sector that cannot be erased any more is passed over") {
  /// Its third sector is worn out.
  class Worn final : public hal::Flash {
   public:
    uint32_t size() const override { return flash_.size(); }
    uint32_t sector_size() const override { return flash_.sector_size(); }
    bool read(uint32_t offset, void* data, size_t size) override { return flash_.read(offset, data, size); }
    bool write(uint32_t offset, const void* data, size_t size) override {
      return flash_.write(offset, data, size);
    }
    bool erase(uint32_t sector) override { return sector != 2 && flash_.erase(sector); }

   private:
    sim::Flash flash_{6 * 256, 256};
  };
  Worn flash;
  Spool spool(flash);
  REQUIRE(spool.mount());
  Items added;
  uint64_t refused = 0;
  for (uint64_t sequence = 0; sequence < 200; ++sequence) {
    if (add(spool, {1, sequence}, 40)) {
      added.push_back({{1, sequence}, 40, false});
    } else {
      ++refused;
    }
    REQUIRE(is_end_of(walk(spool), added));
    if (sequence % 20 == 19) {
      REQUIRE(spool.mount());
    }
  }
  CHECK(added.size() > 100);
  CHECK(refused > 0);
  CHECK(walk(spool).size() >= 4 * 3);
}
