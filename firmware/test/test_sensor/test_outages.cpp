// Brokers that are gone, slow, or hold nothing; power that fails.
#include <doctest.h>

#include <map>

#include "commands.h"

using sim::Batch;
using sim::Rig;
using sim::RigOptions;

namespace {

/// Sequences of one session that came, each at least once, from 0 on.
size_t dense(const Rig& rig, uint32_t session) {
  std::map<uint64_t, int> seen;
  for (const Batch& batch : rig.batches()) {
    if (batch.session == session) {
      ++seen[batch.sequence];
    }
  }
  size_t count = 0;
  while (seen.count(count) != 0) {
    ++count;
  }
  CHECK(count == seen.size());  // no gap
  return count;
}

}  // namespace

TEST_CASE("an outage of ten minutes loses nothing where flash has room") {
  Rig rig({100, 1, 16 * 1024, 8 * 1024, 1024 * 1024});
  rig.run_s(5);
  rig.broker.up = false;
  rig.broker.lose(*rig.sensor);
  rig.run_s(600);
  CHECK(rig.sensor->buffered_batches() >= 599);
  rig.broker.up = true;
  rig.run_s(45);  // the status of the connection came before the batches
  CHECK(rig.status().buffered_batches <= 1);
  CHECK(dense(rig, rig.sensor->session()) >= 634);
  CHECK(rig.sensor->counters().batches_lost == 0);
  CHECK(rig.sensor->counters().reconnects == 1);
  // backoff: it neither hammers nor gives up
  CHECK(rig.broker.attempts > 60);
  CHECK(rig.broker.attempts < 160);
}

TEST_CASE("what waited comes beside live data") {
  Rig rig({100, 1, 16 * 1024, 8 * 1024, 1024 * 1024, 2'000});
  rig.broker.up = false;
  rig.run_s(300);
  rig.broker.up = true;
  rig.broker.answers = false;
  rig.run_s(15);
  rig.broker.got.clear();
  rig.broker.answers = true;
  rig.run_s(0.02);
  uint64_t oldest = UINT64_MAX;
  uint64_t newest = 0;
  size_t taken = 0;
  for (const Batch& batch : rig.batches()) {
    if (++taken <= 8) {
      oldest = std::min(oldest, batch.sequence);
      newest = std::max(newest, batch.sequence);
    }
  }
  CHECK(oldest < 10);
  CHECK(newest > 250);
}

TEST_CASE("a full ring without flash loses its oldest, counts them, and the rest comes") {
  Rig rig;
  rig.broker.up = false;
  rig.run_s(100);
  rig.broker.up = true;
  rig.run_s(20);
  const uint64_t lost = rig.sensor->counters().batches_lost;
  CHECK(lost > 60);
  std::map<uint64_t, int> seen;
  for (const Batch& batch : rig.batches()) {
    ++seen[batch.sequence];
  }
  CHECK(seen.size() + lost == rig.sensor->next_sequence());
  CHECK(seen.begin()->first == lost);
}

TEST_CASE("a message that nobody holds is published again after a second, and the window bounds how many") {
  Rig rig;
  rig.broker.reason = hal::kReasonNoMatchingSubscribers;
  rig.run_s(10);
  CHECK(rig.broker.got.empty());
  const uint64_t tries = rig.sensor->counters().not_held;
  CHECK(tries > 50);
  CHECK(tries <= 10 * sensor::kWindow);
  rig.broker.reason = hal::kReasonSuccess;
  rig.run_s(3);
  CHECK(dense(rig, rig.sensor->session()) >= 12);
  CHECK(rig.broker.of("birth").size() == 1);
}

TEST_CASE("no more messages wait for the broker than the window and its bytes allow") {
  Rig rig({100, 0.05});
  rig.broker.answers = false;
  rig.run_s(10);
  CHECK(rig.broker.under_way.size() <= sensor::kWindow);
  Rig bytes({1000, 1, 64 * 1024, 8 * 1024, 0, 10'000});
  bytes.broker.answers = false;
  bytes.run_s(10);
  size_t total = 0;
  for (const auto& [id, message] : bytes.broker.under_way) {
    total += message.payload.size();
  }
  CHECK(total >= 10'000);
  CHECK(total < 20'000);  // the last one may exceed it
}

TEST_CASE("what a library forgets is published again") {
  Rig rig;
  rig.broker.answers = false;
  rig.run_s(3.5);
  while (!rig.broker.under_way.empty()) {
    const hal::PublishId id = rig.broker.under_way.front().first;
    rig.broker.under_way.pop_front();
    rig.sensor->on_dropped(id);
  }
  rig.broker.answers = true;
  rig.run_s(1);
  CHECK(dense(rig, rig.sensor->session()) == 4);
  CHECK(rig.broker.of("birth").size() == 1);
  CHECK(!rig.broker.of("logs").empty());
}

TEST_CASE("a library that takes nothing loses nothing") {
  Rig rig;
  rig.broker.room = 0;
  rig.run_s(5);
  rig.broker.room = 1;
  rig.run_s(5);
  CHECK(dense(rig, rig.sensor->session()) >= 9);
}

TEST_CASE("refused credentials are tried again every five minutes, and it goes on measuring") {
  Rig rig({1, 1, 16 * 1024, 8 * 1024, 256 * 1024});
  rig.broker.up = false;
  rig.broker.refuses = true;
  rig.run_s(1'000);
  CHECK(rig.broker.attempts == 4);
  CHECK(rig.system.lamps.back() == hal::Lamp::kError);
  rig.broker.up = true;
  rig.run_s(300);
  CHECK(dense(rig, rig.sensor->session()) >= 1'200);
}

TEST_CASE("a full log loses its oldest lines and counts them") {
  Rig rig;
  rig.broker.up = false;
  rig.run_s(1);
  for (uint8_t id = 1; id <= 40; ++id) {
    given::to(rig, given::command(id, sensor_v1_Command_identify_tag));
  }
  rig.broker.up = true;
  rig.run_s(15);
  CHECK(rig.broker.of("logs").size() == sensor::LogQueue::kCapacity);
  CHECK(rig.broker.of("acks").size() == sensor::AnswerQueue::kCapacity);
  CHECK(rig.sensor->counters().messages_lost == 41 - sensor::LogQueue::kCapacity + 40 - sensor::AnswerQueue::kCapacity);
}

TEST_CASE("power cuts during an outage lose at most what was in memory") {
  Rig rig({100, 1, 16 * 1024, 8 * 1024, 512 * 1024});
  rig.broker.up = false;
  std::vector<std::pair<uint32_t, uint64_t>> sessions;
  for (int cut = 0; cut < 5; ++cut) {
    rig.run_s(60);
    sessions.emplace_back(rig.sensor->session(), rig.sensor->next_sequence());
    rig.boot();
  }
  rig.broker.up = true;
  rig.run_s(60);
  for (const auto& [session, made] : sessions) {
    const size_t came = dense(rig, session);
    CHECK(came <= made);
    CHECK(made - came <= 16 * 1024 / 600);  // the ring holds so many
    CHECK(came >= 30);
  }
}

TEST_CASE("power cut at every write of flash: the sensor boots, and what it says is never damaged") {
  for (uint64_t bytes = 1; bytes < 60'000; bytes = bytes * 9 / 8 + 13) {
    CAPTURE(bytes);
    Rig rig({100, 1, 4 * 1024, 2 * 1024, 32 * 1024});
    rig.broker.up = false;
    rig.flash->cut_after(bytes);
    for (int second = 0; second < 90 && !rig.flash->off(); ++second) {
      rig.run_s(1);
    }
    const uint32_t session = rig.sensor->session();
    const uint64_t made = rig.sensor->next_sequence();
    rig.flash->restore_power();
    rig.boot();
    rig.broker.up = true;
    rig.run_s(20);
    std::map<uint64_t, Batch> of_before;
    for (const Batch& batch : rig.batches()) {
      if (batch.session == session) {
        CHECK(batch.sequence < made);
        CHECK(batch.samples > 0);
        CHECK(batch.channels == 3);
        CHECK(of_before.emplace(batch.sequence, batch).second);
      }
    }
    // nothing is missing between the first and the last that came
    if (!of_before.empty()) {
      CHECK(of_before.rbegin()->first - of_before.begin()->first + 1 == of_before.size());
    }
    CHECK(dense(rig, rig.sensor->session()) >= 19);
  }
}

TEST_CASE("a store that fails costs memory over a reboot, never a command or a crash") {
  Rig rig;
  rig.run_s(1);
  rig.store.fail_after(0);
  given::to(rig, given::frequency(1, 50));
  rig.run_s(1);
  CHECK(rig.acks().at(0).outcome == sensor_v1_Outcome_OUTCOME_APPLIED);
  CHECK(rig.sensor->counters().store_failures >= 2);
}
