#include "core/saved_state.h"

#include <cmath>
#include <cstring>

namespace sensor {
namespace {

constexpr char kKey[] = "state";
constexpr uint32_t kVersion = 1;

/// As it lies in the store. Padding is named, so that every byte is known.
struct Stored {
  uint32_t version;
  uint32_t asleep;
  double sample_frequency_hz;
  int64_t wake_time_ns;
};
static_assert(sizeof(Stored) == 24, "no padding");

}  // namespace

SavedState SavedState::load(const hal::Store& store) {
  Stored stored{};
  if (store.get(kKey, &stored, sizeof stored) != sizeof stored || stored.version != kVersion ||
      !std::isfinite(stored.sample_frequency_hz)) {
    return {};
  }
  return {stored.sample_frequency_hz, stored.asleep != 0, stored.wake_time_ns};
}

bool SavedState::save(hal::Store& store) const {
  const Stored stored{kVersion, asleep ? 1U : 0U, sample_frequency_hz, wake_time_ns};
  return store.set(kKey, &stored, sizeof stored);
}

}  // namespace sensor
