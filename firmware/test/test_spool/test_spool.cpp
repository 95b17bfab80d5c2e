#include <doctest.h>

#include "log.h"

using sensor::BatchKey;
using sensor::Spool;

TEST_CASE("an erased partition becomes an empty log") {
  sim::Flash flash(4 * 4096, 4096);
  Spool spool(flash);
  REQUIRE(spool.mount());
  CHECK(walk(spool).empty());
  CHECK_FALSE(spool.next(std::nullopt));
  CHECK_FALSE(spool.oldest_sequence(1));
  CHECK(spool.not_held() == 0);
  CHECK(spool.torn() == 0);
}

TEST_CASE("a partition that is no circle is refused, and a spool without one does nothing") {
  sim::Flash flash(4096, 4096);
  Spool spool(flash);
  CHECK_FALSE(spool.mount());
  CHECK_FALSE(add(spool, {1, 1}, 10));
  CHECK_FALSE(spool.next(std::nullopt));
  CHECK_FALSE(spool.find({1, 1}));
  CHECK_FALSE(spool.set_held(Spool::Record{{1, 1}, {}, 10, false}));
  CHECK(walk(spool).empty());
}

TEST_CASE("payloads of every size come back, in order, also after a reboot") {
  sim::Flash flash(64 * 4096, 4096);
  Spool spool(flash);
  REQUIRE(spool.mount());
  uint64_t sequence = 0;
  for (const uint32_t size : {1U, 2U, 3U, 4U, 5U, 30U, 4000U, 4051U, 4052U, 4053U, 4080U, 4081U, 8159U, 8160U,
                              8161U, 12'000U, 16'383U, 16'384U}) {
    REQUIRE(add(spool, {3, sequence++}, size));
  }
  bool all_intact = true;
  const Items before = walk(spool, &all_intact);
  CHECK(before.size() == sequence);
  Spool after_reboot(flash);
  REQUIRE(after_reboot.mount());
  CHECK(walk(after_reboot, &all_intact) == before);
  CHECK(all_intact);
  CHECK(after_reboot.not_held() == before.size());
  CHECK(flash.misuses == 0);
}

TEST_CASE("what is empty or too large is refused, the largest is not") {
  for (const uint32_t sectors : {4U, 7U}) {
    sim::Flash flash(sectors * 256, 256);
    Spool spool(flash);
    REQUIRE(spool.mount());
    const auto most = static_cast<uint32_t>(spool.maximum_payload());
    CHECK_FALSE(spool.add({1, 0}, {}));
    CHECK_FALSE(add(spool, {1, 0}, most + 1));
    CHECK(walk(spool).empty());
    // From wherever the log stands.
    for (uint32_t filler = 1; filler < 260; filler += 3) {
      REQUIRE(add(spool, {1, 2 * filler}, filler));
      REQUIRE(add(spool, {1, 2 * filler + 1}, most));
      bool all_intact = true;
      REQUIRE(contains(walk(spool, &all_intact), {1, 2 * filler + 1}));
      REQUIRE(all_intact);
    }
    CHECK(spool.lost() + spool.not_held() == 2 * 87);
  }
}

TEST_CASE("what the broker holds is not given again, but is still there") {
  sim::Flash flash(4 * 4096, 4096);
  Spool spool(flash);
  REQUIRE(spool.mount());
  for (uint64_t sequence = 0; sequence < 5; ++sequence) {
    REQUIRE(add(spool, {1, sequence}, 100));
  }
  CHECK(spool.set_held(*spool.find({1, 0})));
  CHECK(spool.set_held(*spool.find({1, 2})));
  CHECK_FALSE(spool.set_held(*spool.find({1, 2})));
  CHECK(spool.not_held() == 3);
  for (int reboot = 0; reboot < 2; ++reboot) {
    REQUIRE(spool.next(std::nullopt)->key == BatchKey{1, 1});
    CHECK(spool.next(spool.behind(*spool.find({1, 1})))->key == BatchKey{1, 3});
    CHECK(spool.next(spool.find({1, 3})->position)->key == BatchKey{1, 3});
    CHECK_FALSE(spool.next(spool.behind(*spool.find({1, 4}))));
    CHECK(spool.find({1, 2})->held);
    CHECK(intact(spool, *spool.find({1, 2})));
    REQUIRE(spool.mount());
    CHECK(spool.not_held() == 3);
  }
}

TEST_CASE("a full log forgets its oldest sector and counts what nobody held") {
  sim::Flash flash(4 * 256, 256);
  Spool spool(flash);
  REQUIRE(spool.mount());
  Items added;
  uint64_t lost = 0;
  for (uint64_t sequence = 0; sequence < 200; ++sequence) {
    const Items before = walk(spool);
    REQUIRE(add(spool, {1, sequence}, 40));
    added.push_back({{1, sequence}, 40, false});
    const Items after = walk(spool);
    for (const Item& item : before) {
      lost += contains(after, item.key) || item.held ? 0 : 1;
    }
    REQUIRE(is_end_of(after, added));
    REQUIRE(after.size() >= std::min<size_t>(sequence + 1, 3 * 3));
    REQUIRE(spool.lost() == lost);
    REQUIRE(spool.not_held() == not_held(after));
    if (sequence % 2 == 0) {
      REQUIRE(spool.set_held(*spool.find({1, sequence})));
      added.back().held = true;
    }
  }
  CHECK(lost > 50);
  CHECK(flash.misuses == 0);
}

TEST_CASE("a record that was forgotten is not mistaken for the one in its place") {
  sim::Flash flash(4 * 256, 256);
  Spool spool(flash);
  REQUIRE(spool.mount());
  Spool::Record first;
  REQUIRE(spool.add({1, 0}, sim::bytes_of(sim::payload_of({1, 0}, 40)), &first));
  CHECK(intact(spool, first));
  for (uint64_t sequence = 1; sequence < 100; ++sequence) {
    REQUIRE(add(spool, {1, sequence}, 40));
  }
  const size_t before = spool.not_held();
  std::vector<uint8_t> payload(100);
  CHECK(spool.forgotten(first.position));
  CHECK_FALSE(spool.set_held(first));
  CHECK(spool.read(first, {payload.data(), payload.size()}) == 0);
  spool.give_up(first);
  CHECK(spool.not_held() == before);
  // A search from there begins with the oldest that is left.
  CHECK(spool.next(first.position)->key == walk(spool).front().key);
}

TEST_CASE("the oldest of a session is known, whatever is added, forgotten and asked before") {
  sim::Flash flash(4 * 256, 256);
  Spool spool(flash);
  REQUIRE(spool.mount());
  sim::Random random(5);
  for (uint64_t sequence = 0; sequence < 1'000; ++sequence) {
    REQUIRE(add(spool, {1 + static_cast<uint32_t>(sequence / 100) % 3, sequence}, random.between(1, 60)));
    const Items items = walk(spool);
    for (int times = 0; times < 3; ++times) {
      const uint32_t session = random.between(1, 3);
      const auto expected = std::find_if(items.begin(), items.end(),
                                         [session](const Item& item) { return item.key.session == session; });
      const auto oldest = spool.oldest_sequence(session);
      REQUIRE(oldest.has_value() == (expected != items.end()));
      REQUIRE((!oldest || *oldest == expected->key.sequence));
    }
  }
}

TEST_CASE("a damaged payload is recognised, and given up once") {
  sim::Flash flash(4 * 4096, 4096);
  Spool spool(flash);
  REQUIRE(spool.mount());
  for (uint64_t sequence = 0; sequence < 3; ++sequence) {
    REQUIRE(add(spool, {1, sequence}, 100));
  }
  const Spool::Record record = *spool.find({1, 1});
  flash.bytes[record.position.offset + 60] ^= 4;
  std::vector<uint8_t> payload(100);
  bool damaged = false;
  CHECK(spool.read(record, {payload.data(), 99}, &damaged) == 0);
  CHECK_FALSE(damaged);
  CHECK(spool.read(record, {payload.data(), 100}, &damaged) == 0);
  CHECK(damaged);
  spool.give_up(record);
  spool.give_up(record);
  CHECK(spool.lost() == 1);
  CHECK(spool.not_held() == 2);
  REQUIRE(spool.mount());
  CHECK(walk(spool) == Items{{{1, 0}, 100, false}, {{1, 2}, 100, false}});
}

TEST_CASE("wear is spread: after many laps the erases of sectors differ by one at most") {
  sim::Flash flash(16 * 256, 256);
  Spool spool(flash);
  REQUIRE(spool.mount());
  sim::Random random(3);
  for (uint64_t sequence = 0; sequence < 3'000; ++sequence) {
    REQUIRE(add(spool, {1, sequence}, random.once_in(20) ? random.between(1, 700) : random.between(1, 90)));
    if (random.once_in(50)) {
      REQUIRE(spool.mount());
    }
  }
  const auto [least, most] = std::minmax_element(flash.erases.begin(), flash.erases.end());
  CHECK(*least > 20);
  CHECK(*most - *least <= 1);
  CHECK(flash.misuses == 0);
}

TEST_CASE("very many small records cost little: to find the next one the log is not read from its start") {
  sim::Flash flash(1024 * 1024, 4096);
  Spool spool(flash);
  REQUIRE(spool.mount());
  const std::vector<uint8_t> payload(30, 0x55);
  uint64_t sequence = 0;
  while (spool.lost() == 0) {
    REQUIRE(spool.add({1, sequence++}, {payload.data(), payload.size()}));
  }
  flash.bytes_read = 0;
  REQUIRE(spool.mount());
  CHECK(flash.bytes_read < flash.size());
  const size_t count = spool.not_held();
  CHECK(count > 16'000);
  flash.reads = 0;
  size_t published = 0;
  while (const auto record = spool.next(std::nullopt)) {
    REQUIRE(spool.set_held(*record));
    ++published;
  }
  CHECK(published == count);
  CHECK(flash.reads < 10 * count);
  // And there is nothing left to look for.
  flash.reads = 0;
  CHECK_FALSE(spool.next(std::nullopt));
  CHECK(flash.reads == 0);
}

TEST_CASE("to mount a partition of large records takes their headers only") {
  sim::Flash flash(1024 * 1024, 4096);
  Spool spool(flash);
  REQUIRE(spool.mount());
  const std::vector<uint8_t> payload(4'000, 0x55);
  for (uint64_t sequence = 0; sequence < 300; ++sequence) {
    REQUIRE(spool.add({1, sequence}, {payload.data(), payload.size()}));
  }
  flash.bytes_read = 0;
  REQUIRE(spool.mount());
  CHECK(flash.bytes_read < 32 * 1024);
}
