#include <doctest.h>

#include "log.h"

using sensor::Spool;

namespace {

/// What the log held after each step of a scenario whose power never went.
struct Course {
  std::vector<Items> after;
  uint64_t cost = 0;
};

Course run(const std::vector<Step>& steps, sim::Flash flash) {
  Course course;
  Spool spool(flash);
  REQUIRE(spool.mount());
  course.after.emplace_back();
  uint64_t sequence = 0;
  for (const Step& step : steps) {
    REQUIRE(take(spool, step, course.after.back(), &sequence));
    course.after.push_back(walk(spool));
  }
  REQUIRE(flash.misuses == 0);
  course.cost = flash.spent;
  return course;
}

/// What is wrong with a log whose power went while a step turned `before` into `after`; null: nothing.
const char* complaint(const Items& found, const Items& before, const Items& after, const Step& step) {
  size_t next = 0;
  for (const Item& item : found) {
    const auto old = find(before, item.key);
    const auto coming = find(after, item.key);
    if (old == before.end() && (coming == after.end() || coming + 1 != after.end())) {
      return "a record that was never added";
    }
    const auto index = static_cast<size_t>(old - before.begin());
    if (index < next) {
      return "twice, or out of order";
    }
    next = index + 1;
    const bool was_held = old != before.end() && old->held;
    const bool becomes_held = step.size == 0 && coming != after.end() && coming->held;
    if (item.held ? !was_held && !becomes_held : was_held) {
      return "a mark that was not set, or one that is lost";
    }
  }
  for (const Item& item : before) {
    if (contains(after, item.key) && !contains(found, item.key)) {
      return "a record is lost";
    }
  }
  return nullptr;
}

/// After whatever happened: the log takes batches, forgets only what it must, and wastes no room for ever.
void check_recovery(sim::Flash& flash, Spool& spool, uint32_t size) {
  Items added = walk(spool);
  bool good = true;
  for (uint64_t sequence = 1'000'000; sequence < 1'000'000 + 3 * flash.size() / (size + 28); ++sequence) {
    good &= add(spool, {10, sequence}, size);
    added.push_back({{10, sequence}, size, false});
  }
  bool all_intact = true;
  const Items items = walk(spool, &all_intact);
  good &= all_intact && is_end_of(items, added) && spool.not_held() == not_held(items);
  const uint32_t a_sector = (flash.sector_size() - 16) / (28 + (size + 3) / 4 * 4);
  good &= items.size() >= size_t{flash.size() / flash.sector_size() - 1} * a_sector;
  REQUIRE(good);
}

void cut_everywhere(uint32_t sectors, uint32_t sector_size, const std::vector<Step>& steps, uint64_t from,
                    uint64_t by) {
  const Course course = run(steps, sim::Flash(sectors * sector_size, sector_size));
  for (uint64_t cut = from; cut < course.cost; cut += by) {
    CAPTURE(cut);
    sim::Flash flash(sectors * sector_size, sector_size, static_cast<uint32_t>(cut));
    Spool spool(flash);
    REQUIRE(spool.mount());
    flash.cut_after(cut);
    uint64_t sequence = 0;
    size_t step = 0;
    while (take(spool, steps[step], course.after[step], &sequence)) {
      ++step;
    }
    REQUIRE(flash.off());
    CHECK_FALSE(spool.mount());
    flash.restore_power();
    Spool mounted(flash);
    REQUIRE(mounted.mount());
    bool all_intact = true;
    const Items found = walk(mounted, &all_intact);
    REQUIRE(all_intact);
    const char* wrong = complaint(found, course.after[step], course.after[step + 1], steps[step]);
    CAPTURE(wrong);
    REQUIRE(wrong == nullptr);
    REQUIRE(mounted.not_held() == not_held(found));
    REQUIRE(mounted.torn() <= 1);
    check_recovery(flash, mounted, 37);
    REQUIRE(flash.misuses == 0);
  }
}

}  // namespace

TEST_CASE(
    "power cut at every word of filling, holding and wrapping: nothing else is lost, torn or invented") {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    sim::Random random(seed);
    const uint32_t sector_size = seed % 2 == 0 ? 128 : 256;
    const uint32_t sectors = random.between(4, 6);
    const uint32_t largest = (sectors - 2) * (sector_size - 16);
    cut_everywhere(sectors, sector_size, scenario(random, 40, 60, largest), 0, 4);
  }
}

TEST_CASE("power cut in a log of real sectors with records of up to 10,000 bytes") {
  sim::Random random(77);
  cut_everywhere(4, 4096, scenario(random, 30, 900, 10'000), 0, 400);
}

TEST_CASE("power that goes again and again, also soon after it came back, loses only what was under way") {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    sim::Random random(seed + 500);
    sim::Flash flash(5 * 256, 256, seed);
    Items expected;
    uint64_t sequence = 0;
    for (int boot = 0; boot < 25; ++boot) {
      flash.restore_power();
      flash.cut_after(random.below(random.once_in(3) ? 100 : 2'000));
      Spool spool(flash);
      REQUIRE(spool.mount());
      bool all_intact = true;
      const Items found = walk(spool, &all_intact);
      REQUIRE(all_intact);
      REQUIRE(spool.not_held() == not_held(found));
      // Of the batch under way it is not known whether it is there; of those before, which sectors were
      // forgotten.
      size_t last = 0;
      for (const Item& item : found) {
        const auto place = find(expected, item.key);
        REQUIRE(place != expected.end());
        REQUIRE(static_cast<size_t>(place - expected.begin()) >= last);
        last = static_cast<size_t>(place - expected.begin()) + 1;
      }
      REQUIRE(last + 1 >= expected.size());
      expected = found;
      for (;;) {
        const uint32_t size = random.once_in(6) ? random.between(1, 300) : random.between(1, 80);
        expected.push_back({{1, sequence}, size, false});
        if (!add(spool, {1, sequence++}, size)) {
          break;
        }
        if (random.once_in(2)) {
          const auto record = spool.next(std::nullopt);
          if (record && !spool.set_held(*record)) {
            expected.push_back({});  // nothing is under way: the newest is there
            break;
          }
        }
        REQUIRE(contains(walk(spool), {1, sequence - 1}));
      }
      REQUIRE(flash.off());
    }
    flash.restore_power();
    Spool spool(flash);
    REQUIRE(spool.mount());
    check_recovery(flash, spool, 50);
    const auto [least, most] = std::minmax_element(flash.erases.begin(), flash.erases.end());
    CHECK(*most - *least <= 25);
  }
}
