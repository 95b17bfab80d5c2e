#include <doctest.h>

#include <array>
#include <deque>
#include <numeric>
#include <random>
#include <vector>

#include "core/frame_ring.h"

namespace {

constexpr double kPeriodUs = 100;

struct Ring {
  explicit Ring(size_t bytes) : memory(bytes), ring({memory.data(), memory.size()}) {
    ring.begin(2, kPeriodUs);
  }

  // Frames first … first + count - 1, taken at their number times the period.
  void push(int16_t first, size_t count) {
    std::vector<int16_t> frames(count);
    std::iota(frames.begin(), frames.end(), first);
    ring.push(frames.data(), count, static_cast<uint64_t>(first + static_cast<int>(count) - 1) * 100);
  }
  std::vector<int16_t> pop(size_t maximum, hal::Reading* reading) {
    std::vector<int16_t> frames(maximum);
    *reading = ring.pop(frames.data(), maximum);
    frames.resize(reading->frames);
    return frames;
  }

  std::vector<uint8_t> memory;
  sensor::FrameRing ring;
};

}  // namespace

TEST_CASE("frames come out as they went in, with the time of the newest of each piece") {
  Ring ring(64);
  ring.push(10, 5);
  hal::Reading reading;
  CHECK(ring.pop(3, &reading) == std::vector<int16_t>{10, 11, 12});
  CHECK(reading.newest_us == 1200);
  CHECK(ring.pop(3, &reading) == std::vector<int16_t>{13, 14});
  CHECK(reading.newest_us == 1400);
  CHECK_FALSE(reading.overrun);
  CHECK(ring.pop(3, &reading).empty());
}

TEST_CASE("what does not fit is lost, counted, and the next frames say so") {
  Ring ring(2 * 4);
  ring.push(1, 6);
  CHECK(ring.ring.lost() == 2);
  hal::Reading reading;
  CHECK(ring.pop(10, &reading) == std::vector<int16_t>{1, 2, 3, 4});
  CHECK(reading.newest_us == 400);
  CHECK_FALSE(reading.overrun);
  ring.push(7, 2);
  CHECK(ring.pop(10, &reading) == std::vector<int16_t>{7, 8});
  CHECK(reading.overrun);
  CHECK(reading.newest_us == 800);
  ring.push(9, 1);
  CHECK(ring.pop(10, &reading) == std::vector<int16_t>{9});
  CHECK_FALSE(reading.overrun);
}

TEST_CASE("one reading never goes across a place where frames are missing") {
  Ring ring(64);
  ring.push(1, 3);
  ring.ring.lose();
  ring.push(10, 2);
  hal::Reading reading;
  CHECK(ring.pop(10, &reading) == std::vector<int16_t>{1, 2, 3});
  CHECK_FALSE(reading.overrun);
  CHECK(reading.newest_us == 300);
  CHECK(ring.pop(10, &reading) == std::vector<int16_t>{10, 11});
  CHECK(reading.overrun);
  CHECK(reading.newest_us == 1100);
}

TEST_CASE("two gaps before anything is read are one, and what lay between is counted as lost") {
  Ring ring(64);
  ring.push(1, 2);
  ring.ring.lose();
  ring.push(10, 3);
  ring.ring.lose();
  ring.push(20, 1);
  CHECK(ring.ring.lost() == 3);
  hal::Reading reading;
  CHECK(ring.pop(10, &reading) == std::vector<int16_t>{1, 2});
  CHECK(ring.pop(10, &reading) == std::vector<int16_t>{20});
  CHECK(reading.overrun);
}

TEST_CASE("a new run begins empty and without a gap") {
  Ring ring(64);
  ring.push(1, 2);
  ring.ring.lose();
  ring.ring.begin(4, kPeriodUs);
  CHECK(ring.ring.count() == 0);
  CHECK(ring.ring.capacity() == 16);
  const std::array<int16_t, 4> frames = {1, 2, 3, 4};
  ring.ring.push(frames.data(), 2, 500);
  std::array<int16_t, 4> out{};
  const hal::Reading reading = ring.ring.pop(out.data(), 2);
  CHECK(reading.frames == 2);
  CHECK_FALSE(reading.overrun);
  CHECK(out == frames);
}

TEST_CASE("for any sequence of pushes and pops everything that was not counted as lost comes out, in order") {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    Ring ring(2 * 37);
    int16_t next = 0;
    uint64_t seen = 0;
    int last = -1;
    for (int step = 0; step < 300; ++step) {
      if (random() % 2 == 0) {
        const size_t count = random() % 20;
        ring.push(next, count);
        next = static_cast<int16_t>(next + static_cast<int16_t>(count));
      } else {
        hal::Reading reading;
        const auto frames = ring.pop(random() % 25, &reading);
        for (size_t i = 0; i < frames.size(); ++i) {
          // Inside a reading, and between readings without an overrun, nothing is missing.
          if (last >= 0 && (i > 0 || !reading.overrun)) CHECK(frames[i] == last + 1);
          CHECK(frames[i] > last);
          last = frames[i];
        }
        seen += frames.size();
        if (!frames.empty()) CHECK(reading.newest_us == static_cast<uint64_t>(frames.back()) * 100);
      }
    }
    CHECK(seen + ring.ring.count() + ring.ring.lost() == static_cast<uint64_t>(next));
  }
}
