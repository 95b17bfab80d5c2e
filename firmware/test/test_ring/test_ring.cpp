#include <doctest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "core/ring.h"
#include "sim/payload.h"
#include "sim/random.h"

using sensor::BatchKey;
using sensor::Bytes;
using sensor::Memory;
using sensor::Ring;
using sim::bytes_of;
using sim::equal;
using sim::payload_of;

namespace {

bool add(Ring& ring, BatchKey key, size_t size) { return ring.add(key, bytes_of(payload_of(key, size))); }

std::vector<uint64_t> sequences(const Ring& ring) {
  std::vector<uint64_t> found;
  ring.each([&](const Ring::Entry& entry) {
    found.push_back(entry.key.sequence);
    return true;
  });
  return found;
}

/// What the ring ought to hold.
struct Expected {
  BatchKey key;
  std::vector<uint8_t> payload;
  bool held = false;
  bool under_way = false;
  bool pending = true;
};

}  // namespace

TEST_CASE("an empty ring has nothing, and forgets nothing") {
  std::vector<uint8_t> memory(100);
  Ring ring(Memory{memory.data(), memory.size()});
  Ring::Entry entry{};
  CHECK(ring.empty());
  CHECK_FALSE(ring.next_pending(&entry));
  CHECK_FALSE(ring.find({1, 2}, &entry));
  ring.drop_oldest();
  ring.set_held({1, 2});
  ring.forget({1, 2});
  CHECK(ring.count() == 0);
  CHECK(ring.bytes() == 0);
}

TEST_CASE("a payload larger than the ring is refused, one of its size is not") {
  std::vector<uint8_t> memory(128);
  Ring ring(Memory{memory.data(), memory.size()});
  const size_t most = memory.size() - Ring::kEntryOverhead;
  CHECK_FALSE(ring.fits_ever(most + 1));
  CHECK_FALSE(ring.fits_ever(SIZE_MAX));
  CHECK_FALSE(add(ring, {1, 0}, most + 1));
  CHECK(ring.empty());
  CHECK(ring.fits_ever(most));
  REQUIRE(add(ring, {1, 0}, most));
  CHECK(ring.bytes() == memory.size());
  CHECK_FALSE(ring.fits(1));
  ring.drop_oldest();
  CHECK(add(ring, {1, 1}, most));
}

TEST_CASE("the room of the oldest is enough for one of the same size") {
  std::vector<uint8_t> memory(3 * 32);
  Ring ring(Memory{memory.data(), memory.size()});
  for (uint64_t sequence = 0; sequence < 20; ++sequence) {
    if (sequence >= 3) {
      REQUIRE_FALSE(ring.fits(1));
      ring.drop_oldest();
    }
    REQUIRE(add(ring, {1, sequence}, 16));
    REQUIRE(ring.count() == std::min<size_t>(sequence + 1, 3));
  }
}

TEST_CASE("a ring without memory takes nothing") {
  Ring ring(Memory{});
  CHECK_FALSE(ring.fits_ever(0));
  CHECK_FALSE(ring.add({1, 1}, Bytes{}));
}

TEST_CASE("an entry is pending, then under way, then held; a held one may be pending again") {
  std::vector<uint8_t> memory(1000);
  Ring ring(Memory{memory.data(), memory.size()});
  REQUIRE(add(ring, {7, 0}, 10));
  REQUIRE(add(ring, {7, 1}, 10));
  Ring::Entry entry{};
  REQUIRE(ring.next_pending(&entry));
  CHECK(entry.key == BatchKey{7, 0});
  ring.set_under_way({7, 0});
  CHECK(ring.under_way() == 1);
  REQUIRE(ring.next_pending(&entry));
  CHECK(entry.key == BatchKey{7, 1});
  ring.set_pending({7, 0});
  REQUIRE(ring.next_pending(&entry));
  CHECK(entry.key == BatchKey{7, 0});
  ring.set_under_way({7, 0});
  ring.set_held({7, 0});
  CHECK(ring.not_held() == 1);
  CHECK(ring.under_way() == 0);
  ring.set_pending({7, 0});
  CHECK(ring.not_held() == 1);
  REQUIRE(ring.next_pending(&entry));
  CHECK(entry.key == BatchKey{7, 0});
  CHECK(entry.held);
}

TEST_CASE("one that is forgotten is not found any more, and its room comes back in its turn") {
  std::vector<uint8_t> memory(3 * 32);
  Ring ring(Memory{memory.data(), memory.size()});
  for (uint64_t sequence = 0; sequence < 3; ++sequence) {
    REQUIRE(add(ring, {1, sequence}, 16));
  }
  ring.forget({1, 1});
  Ring::Entry entry{};
  CHECK_FALSE(ring.find({1, 1}, &entry));
  CHECK(sequences(ring) == std::vector<uint64_t>{0, 2});
  CHECK(ring.not_held() == 2);
  CHECK_FALSE(ring.fits(16));
  ring.drop_oldest();
  CHECK(ring.oldest().key.sequence == 2);
  CHECK(ring.fits(48));
}

TEST_CASE("whatever is done to it, a ring is what a list of batches would be") {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    sim::Random random(seed + 1);
    std::vector<uint8_t> memory(random.between(200, 2200));
    Ring ring(Memory{memory.data(), memory.size()});
    std::deque<Expected> expected;
    uint64_t sequence = 0;
    bool all_equal = true;
    for (int step = 0; step < 400; ++step) {
      const uint32_t action = random.below(12);
      if (action < 4) {
        const BatchKey key{1 + seed % 3, sequence++};
        const size_t size =
            random.once_in(5) ? random.below(static_cast<uint32_t>(memory.size())) : random.below(60);
        while (ring.fits_ever(size) && !ring.fits(size)) {
          all_equal &= equal(ring.oldest().payload, expected.front().payload);
          ring.drop_oldest();
          expected.pop_front();
        }
        const std::vector<uint8_t> payload = payload_of(key, size);
        const bool fits = ring.fits(size);
        all_equal &= ring.add(key, bytes_of(payload)) == fits;
        if (fits) {
          expected.push_back({key, payload});
        }
      } else if (!expected.empty()) {
        const size_t index = random.below(static_cast<uint32_t>(expected.size()));
        Expected& one = expected[index];
        if (action < 7) {
          ring.set_under_way(one.key);
          one.under_way = true;
          one.pending = false;
        } else if (action < 9) {
          ring.set_held(one.key);
          one.held = true;
          one.under_way = one.pending = false;
        } else if (action < 11) {
          ring.set_pending(one.key);
          one.pending = true;
          one.under_way = false;
        } else {
          ring.forget(one.key);
          expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(index));
        }
      }
      size_t index = 0;
      size_t not_held = 0;
      size_t under_way = 0;
      const Expected* pending = nullptr;
      ring.each([&](const Ring::Entry& entry) {
        const Expected& one = expected.at(index++);
        all_equal &= entry.key == one.key && equal(entry.payload, one.payload) && entry.held == one.held &&
                     entry.under_way == one.under_way && entry.pending == one.pending;
        not_held += one.held ? 0 : 1;
        under_way += one.under_way ? 1 : 0;
        pending = pending == nullptr && one.pending ? &one : pending;
        return true;
      });
      Ring::Entry entry{};
      all_equal &= index == expected.size() && ring.count() == index && ring.not_held() == not_held &&
                   ring.under_way() == under_way && ring.bytes() <= memory.size();
      all_equal &= ring.next_pending(&entry) == (pending != nullptr) &&
                   (pending == nullptr || entry.key == pending->key);
    }
    CAPTURE(seed);
    REQUIRE(all_equal);
  }
}
