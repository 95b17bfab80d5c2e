#include <doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/command_memory.h"
#include "sim/store.h"

namespace {

constexpr uint32_t kRemembered = sensor::kRememberedCommands;

struct Id {
  uint8_t bytes[16];
};

/// The n-th of ids that differ in their last bytes alone.
Id id(uint32_t number) {
  Id made{};
  std::memcpy(made.bytes + 12, &number, sizeof number);
  return made;
}

/// The memory after a boot.
std::unique_ptr<sensor::CommandMemory> booted(hal::Store& store) {
  auto memory = std::make_unique<sensor::CommandMemory>(store);
  memory->load();
  return memory;
}

/// How many of the first `count` ids are known; those long forgotten are not asked for.
uint32_t known(const sensor::CommandMemory& memory, uint32_t count) {
  uint32_t known = 0;
  for (uint32_t number = count > 280 ? count - 280 : 0; number < count; ++number) {
    known += memory.knows(id(number).bytes) ? 1 : 0;
  }
  return known;
}

}  // namespace

TEST_CASE("an empty memory knows nothing, not even an id of zeros") {
  sim::Store store;
  const auto memory = booted(store);
  CHECK_FALSE(memory->knows(id(0).bytes));
}

TEST_CASE("exactly the last 256 are known, at every count and after a reboot at every count") {
  sim::Store store;
  auto memory = booted(store);
  uint32_t wrong = 0;
  for (uint32_t count = 1; count <= 600; ++count) {
    wrong += memory->knows(id(count - 1).bytes) ? 1 : 0;
    wrong += memory->remember(id(count - 1).bytes) ? 0 : 1;
    const uint32_t oldest = count > kRemembered ? count - kRemembered : 0;
    for (int boot = 0; boot < 2; ++boot) {
      wrong += known(*memory, count) == std::min(count, kRemembered) ? 0 : 1;
      wrong += memory->knows(id(oldest).bytes) && memory->knows(id(count - 1).bytes) ? 0 : 1;
      memory = booted(store);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("the oldest forgotten one is new again, and then known") {
  sim::Store store;
  auto memory = booted(store);
  for (uint32_t number = 0; number <= kRemembered; ++number) {
    memory->remember(id(number).bytes);
  }
  CHECK_FALSE(memory->knows(id(0).bytes));
  memory->remember(id(0).bytes);
  CHECK(memory->knows(id(0).bytes));
  CHECK_FALSE(memory->knows(id(1).bytes));
  CHECK(booted(store)->knows(id(0).bytes));
}

TEST_CASE("a command is one small write, and keys are written in turn") {
  sim::Store store;
  auto memory = booted(store);
  const uint64_t before = store.writes;
  for (uint32_t number = 0; number < 2000; ++number) {
    memory->remember(id(number).bytes);
  }
  CHECK(store.writes - before == 2000);
  size_t largest = 0;
  for (const auto& value : store.values) {
    largest = std::max(largest, value.second.size());
  }
  CHECK(store.values.size() == 33);
  CHECK(largest == 132);
}

TEST_CASE("a command that could not be written is known until the next boot, and says so") {
  sim::Store store;
  auto memory = booted(store);
  memory->remember(id(0).bytes);
  store.fail_after(0);
  CHECK_FALSE(memory->remember(id(1).bytes));
  CHECK(memory->knows(id(1).bytes));
  CHECK(booted(store)->knows(id(0).bytes));
  CHECK_FALSE(booted(store)->knows(id(1).bytes));
}

TEST_CASE("a command that could not be written is written with the next one") {
  sim::Store store;
  auto memory = booted(store);
  store.fail_after(0);
  memory->remember(id(0).bytes);
  store.recover();
  CHECK(memory->remember(id(1).bytes));
  CHECK(known(*booted(store), 2) == 2);
}

TEST_CASE("power that goes, or a store that fails, at any write loses nothing that was written") {
  sim::Store store;
  auto memory = booted(store);
  uint32_t wrong = 0;
  for (uint32_t failing = 0; failing < 600; ++failing) {
    store.fail_after(0);
    wrong += memory->remember(id(failing).bytes) ? 1 : 0;
    store.recover();
    memory = booted(store);
    wrong += known(*memory, failing + 1) == std::min(failing, kRemembered) ? 0 : 1;
    wrong += memory->remember(id(failing).bytes) ? 0 : 1;
    memory = booted(store);
    wrong += memory->knows(id(failing).bytes) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a store that fails for long leaves no old id that comes back") {
  sim::Store store;
  auto memory = booted(store);
  for (uint32_t number = 0; number < 264; ++number) {
    memory->remember(id(number).bytes);
  }
  store.fail_after(0);
  for (uint32_t number = 264; number < 280; ++number) {  // the two blocks of ids 0 to 15
    memory->remember(id(number).bytes);
  }
  store.recover();
  memory->remember(id(280).bytes);
  memory = booted(store);
  CHECK(memory->knows(id(280).bytes));
  CHECK(known(*memory, 25) == 0);  // 281 less 256
  CHECK(memory->knows(id(25).bytes));
}

TEST_CASE("what others left under its keys is no id") {
  sim::Store store;
  for (const char* value : {"", "x", "0123456789abcdefghij", "0123456789abcdefghijklmnopqrstuvwxyz"}) {
    store.values["ids00"] = value;
    store.values["ids32"] = value;
    auto memory = booted(store);
    Id foreign{};
    std::memcpy(foreign.bytes, "456789abcdefghij", sizeof foreign.bytes);
    CHECK_FALSE(memory->knows(foreign.bytes));
    CHECK(memory->remember(id(1).bytes));
    CHECK(booted(store)->knows(id(1).bytes));
  }
}
