#include <doctest.h>

#include <map>
#include <random>
#include <set>

#include "core/publish_ids.h"

using sensor::PublishIds;

TEST_CASE("a publish ends with the broker's answer to its message") {
  PublishIds ids(1000);
  const auto first = ids.begin(10);
  const auto second = ids.begin(10);
  REQUIRE(first != second);
  CHECK(ids.taken(first, 7).id == hal::kNotTaken);
  CHECK(ids.taken(second, 8).id == hal::kNotTaken);
  const auto outcome = ids.published(8, 0x10);
  CHECK(outcome.id == second);
  CHECK(outcome.reason_code == 0x10);
  CHECK(ids.published(8, 0).id == hal::kNotTaken);
  CHECK(ids.count() == 1);
}

TEST_CASE("an answer that came before the library told its number is not lost") {
  PublishIds ids(1000);
  const auto id = ids.begin(10);
  CHECK(ids.published(7, 0x80).id == hal::kNotTaken);
  const auto outcome = ids.taken(id, 7);
  CHECK(outcome.id == id);
  CHECK(outcome.reason_code == 0x80);
  CHECK(ids.count() == 0);
}

TEST_CASE("an answer to a message that was given up is never taken for another's") {
  PublishIds ids(1000);
  const auto given_up = ids.begin(10);
  CHECK(ids.dropped(given_up).id == given_up);
  CHECK(ids.published(7, 0).id == hal::kNotTaken);
  const auto other = ids.begin(10);
  CHECK(ids.taken(other, 9).id == hal::kNotTaken);
  const auto later = ids.begin(10);
  CHECK(ids.taken(later, 7).id == hal::kNotTaken);  // the number is used again
  CHECK(ids.published(7, 0).id == later);
}

TEST_CASE("no more than the window and its bytes are under way, but one message always goes") {
  PublishIds ids(100);
  const auto large = ids.begin(5000);
  CHECK(large != hal::kNotTaken);
  CHECK(ids.begin(1) == hal::kNotTaken);
  ids.dropped(large);
  CHECK(ids.begin(60) != hal::kNotTaken);
  CHECK(ids.begin(40) != hal::kNotTaken);
  CHECK(ids.begin(1) == hal::kNotTaken);
  PublishIds many(1'000'000);
  for (size_t i = 0; i < sensor::kWindow; ++i) CHECK(many.begin(1) != hal::kNotTaken);
  CHECK(many.begin(1) == hal::kNotTaken);
}

TEST_CASE("what the library forgot is over, and unknown numbers mean nothing") {
  PublishIds ids(100);
  const auto id = ids.begin(10);
  ids.taken(id, 3);
  CHECK(ids.forgotten(4).id == hal::kNotTaken);
  CHECK(ids.forgotten(3).id == id);
  CHECK(ids.forgotten(3).id == hal::kNotTaken);
  CHECK(ids.taken(id, 3).id == hal::kNotTaken);
  CHECK(ids.published(-1, 0).id == hal::kNotTaken);
}

TEST_CASE("when the connection is gone each is dropped once") {
  PublishIds ids(1000);
  std::set<hal::PublishId> expected = {ids.begin(1), ids.begin(1), ids.begin(1)};
  ids.taken(*expected.begin(), 5);
  for (auto outcome = ids.drop_one(); outcome.id != hal::kNotTaken; outcome = ids.drop_one()) {
    CHECK(expected.erase(outcome.id) == 1);
  }
  CHECK(expected.empty());
  CHECK(ids.count() == 0);
  CHECK(ids.bytes() == 0);
}

TEST_CASE("whatever the order of events, each publish ends exactly once, and with its own answer") {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    PublishIds ids(10'000);
    std::map<hal::PublishId, int32_t> under_way;  // by its message
    std::map<int32_t, uint8_t> answers;
    int32_t message = 0;
    const auto ends = [&](const PublishIds::Outcome& outcome) {
      if (outcome.id == hal::kNotTaken) return;
      REQUIRE(under_way.count(outcome.id) == 1);
      CHECK(outcome.reason_code == answers.at(under_way[outcome.id]));
      under_way.erase(outcome.id);
    };
    for (int step = 0; step < 200; ++step) {
      if (random() % 2 == 0) {
        const auto id = ids.begin(100);
        if (id == hal::kNotTaken) continue;
        const int32_t number = ++message;
        under_way[id] = number;
        answers[number] = static_cast<uint8_t>(random() % 2 == 0 ? 0x00 : 0x10);
        if (random() % 4 == 0) {  // the answer is faster
          ends(ids.published(number, answers[number]));
          ends(ids.taken(id, number));
          CHECK(under_way.count(id) == 0);
        } else {
          ends(ids.taken(id, number));
        }
      } else if (!under_way.empty()) {
        const auto number = under_way.begin()->second;
        ends(ids.published(number, answers[number]));
      }
    }
    CHECK(ids.count() == under_way.size());
  }
}
