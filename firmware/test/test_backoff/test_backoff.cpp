#include <doctest.h>

#include <algorithm>

#include "core/backoff.h"

namespace {

constexpr uint32_t kMost = 0xFFFF'FFFF;

}  // namespace

TEST_CASE("waits double from a tenth of a second to ten seconds, and stay there") {
  sensor::Backoff backoff;
  uint64_t bound_us = 100'000;
  for (int attempt = 0; attempt < 20; ++attempt) {
    CHECK(backoff.next_us(kMost) == bound_us);
    bound_us = std::min<uint64_t>(2 * bound_us, 10'000'000);
  }
}

TEST_CASE(
    "a wait is between half and all of its bound, whatever the random bits, and uses all of that span") {
  for (const uint32_t random : {0U, 1U, 0x7FFF'FFFFU, 0x8000'0000U, kMost - 1, kMost}) {
    sensor::Backoff backoff;
    for (uint64_t bound_us = 100'000; bound_us < 10'000'000; bound_us *= 2) {
      const uint64_t wait_us = backoff.next_us(random);
      CHECK(wait_us >= bound_us / 2);
      CHECK(wait_us <= bound_us);
      CHECK(wait_us - bound_us / 2 == (bound_us / 2 + 1) * static_cast<uint64_t>(random) >> 32U);
    }
  }
}

TEST_CASE("after a connection the first wait is the shortest again") {
  sensor::Backoff backoff(1000, 64'000);
  for (int attempt = 0; attempt < 10; ++attempt) {
    backoff.next_us(0);
  }
  CHECK(backoff.next_us(0) == 32'000);
  backoff.reset();
  CHECK(backoff.next_us(0) == 500);
  CHECK(backoff.next_us(0) == 1000);
}

TEST_CASE("bounds of any size do not overflow") {
  sensor::Backoff backoff(1, UINT64_MAX);
  uint64_t before_us = 0;
  bool grows = true;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const uint64_t wait_us = backoff.next_us(kMost);
    grows = grows && wait_us >= before_us;
    before_us = wait_us;
  }
  CHECK(grows);
  CHECK(before_us > UINT64_MAX - (1ULL << 32U));
  CHECK(sensor::Backoff(500, 100).next_us(kMost) == 100);
  CHECK(sensor::Backoff(0, 0).next_us(kMost) == 0);
}
