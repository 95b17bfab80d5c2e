#include <doctest.h>

#include <cmath>
#include <random>

#include "core/timebase.h"

// Against Python, to the nanosecond: tests/firmware/test_vectors.py.

TEST_CASE("sample k of a run is taken at start + round(k * 1e9 / frequency), half to even") {
  CHECK(sensor::sample_time_ns(5, 0, 3) == 5);
  CHECK(sensor::sample_time_ns(0, 1, 3) == 333'333'333);
  CHECK(sensor::sample_time_ns(0, 2, 3) == 666'666'667);
  CHECK(sensor::sample_time_ns(0, 1, 4e8) == 2);  // 2.5
  CHECK(sensor::sample_time_ns(0, 3, 4e8) == 8);  // 7.5
  CHECK(sensor::sample_time_ns(-1, 1, 1e9) == 0);
  CHECK(sensor::sample_time_ns(1'772'366'400'000'000'000, 26'667'000, 26'667) == 1'772'367'400'000'000'000);
}

TEST_CASE("times beyond 64 bits end there") {
  CHECK(sensor::sample_time_ns(0, UINT64_MAX, 1) == INT64_MAX);
  CHECK(sensor::sample_time_ns(INT64_MAX, 1, 1) == INT64_MAX);
  CHECK(sensor::sample_time_ns(INT64_MAX - 1'000'000'000, 1, 1) == INT64_MAX);
  CHECK(sensor::samples_until(INT64_MAX, 1000) > 9'223'372'036'000);
  CHECK(sensor::samples_until(INT64_MAX, 1e-30) == 1);
}

TEST_CASE("as many samples are complete as were taken by then") {
  CHECK(sensor::samples_until(-1, 1000) == 0);
  CHECK(sensor::samples_until(0, 1000) == 1);
  CHECK(sensor::samples_until(999'999, 1000) == 1);
  CHECK(sensor::samples_until(1'000'000, 1000) == 2);
  CHECK(sensor::samples_until(1000, 0) == 0);
  CHECK(sensor::samples_until(1000, std::nan("")) == 0);
  CHECK(sensor::samples_until(1000, -1) == 0);
}

TEST_CASE("counting is the inverse of timing, at every sample and a nanosecond before it") {
  std::mt19937_64 random(1);
  int wrong = 0;
  for (const double frequency_hz : {0.01, 1.0, 3.0, 100.0, 999.9, 4000.0, 26'667.0, 1e6}) {
    for (int round = 0; round < 1000; ++round) {
      const uint64_t index = 1 + random() % 90'000'000;
      const int64_t ns = sensor::sample_time_ns(0, index, frequency_hz);
      wrong += sensor::samples_until(ns, frequency_hz) == index + 1 ? 0 : 1;
      wrong += sensor::samples_until(ns - 1, frequency_hz) == index ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}
