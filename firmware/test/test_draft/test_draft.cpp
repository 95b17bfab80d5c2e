#include "core/draft.h"

#include <doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>

#include "sim/store.h"

using sensor::Draft;

namespace {

template <size_t kSize>
struct Room {
  std::array<uint8_t, kSize> bytes{};
  sensor::Memory memory() { return {bytes.data(), bytes.size()}; }
};

std::string get(const hal::Store& store, const char* key) {
  char value[256];
  const size_t size = store.get(key, value, sizeof value);
  return {value, size};
}

bool set(hal::Store* store, const char* key, const std::string& value) {
  return store->set(key, value.data(), value.size());
}

}  // namespace

TEST_CASE("changes are seen through the draft, and in the store after commit only") {
  sim::Store store;
  store.values = {{"a", "1"}, {"b", "2"}};
  Room<64> room;
  Draft draft(store, room.memory());
  CHECK(draft.empty());
  CHECK(set(&draft, "a", "changed"));
  CHECK(draft.erase("b"));
  CHECK(set(&draft, "c", "new"));
  CHECK(get(draft, "a") == "changed");
  CHECK(get(draft, "b").empty());
  CHECK(get(draft, "c") == "new");
  CHECK(draft.changes("b"));
  CHECK_FALSE(draft.changes("d"));
  CHECK(store.writes == 0);
  CHECK(draft.commit());
  CHECK(draft.empty());
  CHECK(store.values == std::map<std::string, std::string>{{"a", "changed"}, {"c", "new"}});
}

TEST_CASE("what is discarded is gone, from memory too") {
  sim::Store store;
  store.values = {{"a", "1"}};
  Room<64> room;
  Draft draft(store, room.memory());
  set(&draft, "a", "secret");
  set(&draft, "b", "x");
  draft.erase("a");  // the secret's bytes move or stay somewhere
  draft.discard();
  CHECK(draft.empty());
  CHECK(get(draft, "a") == "1");
  CHECK(std::all_of(room.bytes.begin(), room.bytes.end(), [](uint8_t one) { return one == 0; }));
  CHECK(store.writes == 0);
}

TEST_CASE("a value is copied as far as there is capacity, its size told in full") {
  sim::Store store;
  Room<64> room;
  Draft draft(store, room.memory());
  set(&draft, "a", "12345");
  char value[4] = "...";
  CHECK(draft.get("a", value, 2) == 5);
  CHECK(std::string(value) == "12.");
  CHECK(draft.get("a", nullptr, 0) == 5);
}

TEST_CASE("a change that has no room is refused, and what was there stays") {
  sim::Store store;
  Room<20> room;
  Draft draft(store, room.memory());
  CHECK(set(&draft, "a", std::string(15, 'x')));  // with its key and a header exactly the room
  CHECK(draft.rest().size == 0);
  CHECK_FALSE(set(&draft, "b", "y"));
  CHECK_FALSE(set(&draft, "a", std::string(16, 'z')));
  CHECK(get(draft, "a") == std::string(15, 'x'));
  CHECK(set(&draft, "a", std::string(15, 'z')));  // in the place of the old one
  CHECK(get(draft, "a") == std::string(15, 'z'));
}

TEST_CASE("a value may be gathered in the rest of the room") {
  sim::Store store;
  Room<100> room;
  Draft draft(store, room.memory());
  set(&draft, "a", "before");
  set(&draft, "key", "old, and longer than a header");
  const std::string value = "0123456789012345678901234567890123456789";
  std::copy(value.begin(), value.end(), draft.rest().data);
  CHECK(draft.set("key", draft.rest().data, value.size()));
  CHECK(get(draft, "key") == value);
  CHECK(get(draft, "a") == "before");
}

TEST_CASE("a store that fails in the middle: what is not written is still a change") {
  for (uint64_t fails = 0; fails <= 3; ++fails) {
    CAPTURE(fails);
    sim::Store store;
    store.values = {{"b", "2"}};
    Room<64> room;
    Draft draft(store, room.memory());
    set(&draft, "a", "1");
    draft.erase("b");
    set(&draft, "c", "3");
    store.fail_after(fails);
    CHECK(draft.commit() == (fails == 3));
    CHECK(draft.changes("c") == (fails < 3));
    CHECK(get(draft, "a") == "1");
    CHECK(get(draft, "b").empty());
    CHECK(get(draft, "c") == "3");
    store.recover();
    CHECK(draft.commit());
    CHECK(store.values == std::map<std::string, std::string>{{"a", "1"}, {"c", "3"}});
  }
}

TEST_CASE("any order of changes ends as if they had been made at once") {
  int wrong = 0;
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    sim::Store store;
    store.values = {{"k0", "zero"}, {"k1", "one"}};
    std::map<std::string, std::string> expected = store.values;
    std::map<std::string, std::string> base = store.values;
    Room<80> room;
    Draft draft(store, room.memory());
    for (int step = 0; step < 40; ++step) {
      const std::string key = "k" + std::to_string(random() % 5);
      switch (random() % 6) {
        case 0:
          if (draft.erase(key.c_str())) expected.erase(key);
          break;
        case 1:
          draft.discard();
          expected = base;
          break;
        case 2:
          draft.commit();
          base = expected;
          break;
        default:
          const std::string value(1 + random() % 20, static_cast<char>('a' + random() % 26));
          if (set(&draft, key.c_str(), value)) expected[key] = value;
      }
      for (int each = 0; each < 5; ++each) {
        const std::string name = "k" + std::to_string(each);
        const auto found = expected.find(name);
        if (get(draft, name.c_str()) != (found == expected.end() ? "" : found->second)) ++wrong;
      }
    }
    draft.commit();
    if (store.values != expected) ++wrong;
  }
  CHECK(wrong == 0);
}
