#include <doctest.h>

#include "store.h"

using Sequences = std::vector<int64_t>;

namespace {

constexpr size_t kSize = 40;

Sequences range(int64_t first, int64_t last) {
  Sequences sequences;
  for (int64_t sequence = first; sequence <= last; ++sequence) {
    sequences.push_back(sequence);
  }
  return sequences;
}

}  // namespace

TEST_CASE("what memory cannot keep goes to flash, and nothing is lost while there is room") {
  Store store(ring_for(5, kSize), 16);
  store.fill(30, kSize);
  CHECK(store.spool->not_held() == 25);
  CHECK(store.buffer->not_held() == 30);
  CHECK(store.buffer->oldest(1) == 0);
  CHECK(store.drain(kSize) == range(0, 29));
  CHECK(store.buffer->not_held() == 0);
  CHECK(store.buffer->lost() == 0);
  CHECK_FALSE(store.buffer->pending());
}

TEST_CASE("what the broker holds is forgotten by a full ring, without a write to flash") {
  Store store(ring_for(5, kSize), 16);
  for (uint64_t sequence = 0; sequence < 20; ++sequence) {
    store.add({1, sequence}, kSize);
    CHECK(store.drain(kSize) == Sequences{static_cast<int64_t>(sequence)});
  }
  CHECK(store.flash.spent == 0);
  CHECK(store.buffer->oldest(1) == 15);
  CHECK_FALSE(store.buffer->oldest(2));
}

TEST_CASE("the oldest of flash and the oldest of memory are published in turn, each in order") {
  Store store(ring_for(4, kSize), 16);
  store.fill(10, kSize);
  CHECK(store.all_next(kSize) == Sequences{0, 6, 1, 7, 2, 8, 3, 9, 4, 5});
}

TEST_CASE("no more than a window is under way") {
  Store store(ring_for(20, kSize), 16);
  store.fill(40, kSize);
  CHECK(store.all_next(kSize).size() == sensor::kWindow);
  CHECK(store.buffer->under_way() == sensor::kWindow);
  CHECK_FALSE(store.buffer->pending());
  store.held(0);
  CHECK(store.buffer->pending());
  CHECK(store.next(kSize) != -1);
}

TEST_CASE("one that is moved to flash while it is under way stays under way, and its answer is understood") {
  Store store(ring_for(3, kSize), 16);
  store.fill(3, kSize);
  REQUIRE(store.all_next(kSize) == Sequences{0, 1, 2});
  for (uint64_t sequence = 3; sequence < 6; ++sequence) {
    store.add({1, sequence}, kSize);
  }
  CHECK(store.buffer->under_way() == 3);
  CHECK(store.all_next(kSize) == Sequences{3, 4, 5});
  store.held(0);
  store.again(1);
  CHECK(store.spool->find({1, 0})->held);
  CHECK(store.buffer->not_held() == 5);
  CHECK(store.all_next(kSize) == Sequences{1});
  for (const int64_t sequence : {1, 2, 3, 4, 5}) {
    store.held(sequence);
  }
  CHECK(store.buffer->not_held() == 0);
  CHECK(store.buffer->lost() == 0);
}

TEST_CASE("what has to be published again comes again, the oldest first") {
  Store store(ring_for(4, kSize), 16);
  store.fill(8, kSize);
  REQUIRE(store.all_next(kSize).size() == 8);
  store.again(6);
  store.again(5);
  store.again(2);
  store.again(1);
  CHECK(store.all_next(kSize) == Sequences{1, 5, 2, 6});
  store.held(0);
  store.held(4);
  store.buffer->all_again();
  CHECK(store.buffer->under_way() == 0);
  CHECK(store.all_next(kSize) == Sequences{1, 5, 2, 6, 3, 7});
}

TEST_CASE("without flash a full ring loses its oldest; one under way is lost only if its answer says so") {
  Store store(ring_for(4, kSize), 0);
  store.fill(4, kSize);
  REQUIRE(store.next(kSize) == 0);
  REQUIRE(store.next(kSize) == 1);
  for (uint64_t sequence = 4; sequence < 7; ++sequence) {
    store.add({1, sequence}, kSize);
  }
  CHECK(store.buffer->lost() == 1);
  CHECK(store.buffer->under_way() == 2);
  store.held(0);
  CHECK(store.buffer->lost() == 1);
  store.again(1);
  CHECK(store.buffer->lost() == 2);
  CHECK(store.drain(kSize) == range(3, 6));
  CHECK(store.buffer->save() == 0);
}

TEST_CASE("one under way whose sector is erased is lost only if its answer says so") {
  Store store(ring_for(2, kSize), 4);
  store.fill(8, kSize);
  REQUIRE(store.next(kSize) == 0);
  REQUIRE(store.next(kSize) == 6);
  REQUIRE(store.next(kSize) == 1);
  for (uint64_t sequence = 8; sequence < 60; ++sequence) {
    store.add({1, sequence}, kSize);
  }
  const uint64_t unanswered = 3;
  REQUIRE_FALSE(store.spool->find({1, 1}));
  const uint64_t lost = store.buffer->lost();
  CHECK(lost + unanswered + store.buffer->not_held() == 60);
  store.held(0);
  CHECK(store.buffer->lost() == lost);
  store.again(1);
  CHECK(store.buffer->lost() == lost + 1);
  store.buffer->all_again();
  CHECK(store.buffer->lost() == lost + 2);
  CHECK(store.drain(kSize).size() + store.buffer->lost() + 1 == 60);
}

TEST_CASE("a batch larger than memory goes to flash behind everything older; one larger than both is lost") {
  Store store(ring_for(3, kSize), 16);
  store.fill(3, kSize);
  store.add({1, 3}, 500);
  store.add({1, 4}, kSize);
  store.add({1, 5}, 2'001);
  CHECK(store.buffer->lost() == 1);
  Sequences order;
  for (auto record = store.spool->any(std::nullopt); record;
       record = store.spool->any(store.spool->behind(*record))) {
    order.push_back(static_cast<int64_t>(record->key.sequence));
  }
  CHECK(order == Sequences{0, 1, 2, 3, 4});
  CHECK(store.buffer->not_held() == 5);
}

TEST_CASE("resend brings back from flash and memory what is there, and counts it") {
  Store store(ring_for(4, kSize), 16);
  store.fill(12, kSize);
  REQUIRE(store.drain(kSize) == range(0, 11));
  CHECK(store.buffer->resend(1, 3, 9) == 7);
  CHECK(store.buffer->not_held() == 0);
  CHECK(store.buffer->pending());
  Sequences first = {store.next(kSize), store.next(kSize)};
  std::sort(first.begin(), first.end());
  CHECK(first == Sequences{3, 8});
  // What nobody took comes again, and nothing else does.
  store.again(3);
  store.held(8);
  CHECK(store.drain(kSize) == Sequences{3, 4, 5, 6, 7, 9});
  CHECK(store.buffer->resend(1, 12, 100) == 0);
  CHECK(store.buffer->resend(2, 0, 100) == 0);
  CHECK(store.buffer->resend(1, 5, 4) == 0);
  CHECK_FALSE(store.buffer->pending());
}

TEST_CASE("resend of what is under way or waits does not double it") {
  Store store(ring_for(4, kSize), 16);
  store.fill(8, kSize);
  REQUIRE(store.next(kSize) == 0);
  REQUIRE(store.next(kSize) == 4);
  CHECK(store.buffer->resend(1, 0, 7) == 8);
  CHECK(store.drain(kSize) == Sequences{1, 2, 3, 5, 6, 7});
  store.held(0);
  store.held(4);
  CHECK(store.buffer->resend(1, 0, 7) == 8);
  CHECK(store.buffer->resend(1, 2, 9) == 6);
  CHECK(store.drain(kSize) == range(0, 7));
}

TEST_CASE("of all that is asked for, the oldest comes first; flash that cannot be read now forgets none of it") {
  Store store(ring_for(1, kSize), 16);
  store.fill(10, kSize);
  REQUIRE(store.drain(kSize) == range(0, 9));
  REQUIRE(store.buffer->resend(1, 5, 6) == 2);
  REQUIRE(store.buffer->resend(1, 1, 2) == 2);
  store.flash.failing_reads = -1;
  CHECK(store.drain(kSize).empty());
  store.flash.failing_reads = 0;
  CHECK(store.all_next(kSize) == Sequences{1, 2, 5, 6});
}

TEST_CASE("ranges of flash that wait at the same time are bounded; the next is counted as not here") {
  Store store(ring_for(1, kSize), 16);
  store.fill(30, kSize);
  REQUIRE(store.drain(kSize) == range(0, 29));
  for (uint64_t index = 0; index < sensor::Buffer::kResends; ++index) {
    REQUIRE(store.buffer->resend(1, 2 * index, 2 * index) == 1);
  }
  CHECK(store.buffer->resend(1, 17, 17) == 0);
  CHECK(store.buffer->resend(1, 3, 7) == 5);  // joins its neighbours
  CHECK(store.drain(kSize) == Sequences{0, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14});
  CHECK(store.buffer->resend(1, 17, 17) == 1);
}

TEST_CASE("save puts into flash what nobody holds, and a reboot brings it back") {
  Store store(ring_for(6, kSize), 16);
  store.fill(6, kSize);
  REQUIRE(store.next(kSize) == 0);
  REQUIRE(store.next(kSize) == 1);
  store.held(1);
  CHECK(store.buffer->save() == 0);
  // It may go on: what was under way still is, what the broker holds can still be sent again.
  CHECK(store.buffer->not_held() == 5);
  CHECK(store.buffer->under_way() == 1);
  CHECK(store.buffer->resend(1, 1, 1) == 1);
  CHECK(store.buffer->save() == 0);
  store.boot();
  CHECK(store.drain(kSize) == Sequences{0, 2, 3, 4, 5});
}

TEST_CASE("what cannot be saved is counted, and stays") {
  Store without(ring_for(6, kSize), 0);
  without.fill(6, kSize);
  CHECK(without.buffer->save() == 6);
  CHECK(without.drain(kSize) == range(0, 5));
  Store store(ring_for(6, kSize), 16);
  store.fill(6, kSize);
  store.flash.failing_writes = store.flash.failing_erases = -1;
  CHECK(store.buffer->save() == 6);
  store.flash.failing_writes = store.flash.failing_erases = 0;
  CHECK(store.buffer->save() == 0);
  CHECK(store.drain(kSize) == range(0, 5));
}

TEST_CASE("where flash fails, what memory has no room for is lost and counted") {
  Store store(ring_for(4, kSize), 16);
  store.flash.failing_erases = -1;
  store.fill(10, kSize);
  CHECK(store.buffer->lost() == 6);
  store.flash.failing_erases = 0;
  store.add({1, 10}, kSize);
  CHECK(store.buffer->lost() == 6);
  CHECK(store.drain(kSize) == range(6, 10));
}

TEST_CASE("flash that cannot be read now does not hold up memory, and is tried again") {
  Store store(ring_for(2, kSize), 16);
  store.fill(6, kSize);
  store.flash.failing_reads = -1;
  CHECK(store.drain(kSize) == Sequences{4, 5});
  store.flash.failing_reads = 0;
  CHECK(store.drain(kSize) == range(0, 3));
  CHECK(store.buffer->lost() == 0);
}

TEST_CASE("a batch that flash gives back damaged is lost, counted, and no other") {
  Store store(ring_for(2, kSize), 16);
  store.fill(6, kSize);
  const sensor::Spool::Position position = store.spool->find({1, 1})->position;
  store.flash.bytes[position.offset + 40] ^= 1;
  CHECK(store.drain(kSize) == Sequences{0, 2, 3, 4, 5});
  CHECK(store.buffer->lost() == 1);
  CHECK(store.buffer->not_held() == 0);
}

TEST_CASE("a long outage of small batches is made up for without reading flash over and over") {
  Store store(ring_for(20, 30), 2'000);
  for (uint64_t sequence = 0; store.spool->lost() == 0; ++sequence) {
    store.add({1, sequence}, 30);
  }
  const size_t count = store.buffer->not_held();
  CHECK(count > 5'000);
  store.flash.reads = 0;
  size_t published = 0;
  std::vector<sensor::BatchKey> window;
  sensor::Buffer::Outgoing outgoing;
  while (store.buffer->pending()) {
    while (store.buffer->next(&outgoing)) {
      window.push_back(outgoing.key);
      ++published;
    }
    for (const sensor::BatchKey key : window) {
      store.buffer->held(key);
    }
    window.clear();
  }
  CHECK(published == count);
  CHECK(store.flash.reads < 20 * count);
}
