#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/bytes.h"
#include "sim/random.h"

namespace sim {

/// The payload of a batch: what its key and size say, so that any other one is recognised.
inline std::vector<uint8_t> payload_of(sensor::BatchKey key, size_t size) {
  return Random(key.sequence * 7'919 + key.session * 104'729ULL + size).bytes(size);
}

inline sensor::Bytes bytes_of(const std::vector<uint8_t>& payload) {
  return {payload.data(), payload.size()};
}

inline bool equal(sensor::Bytes bytes, const std::vector<uint8_t>& payload) {
  return bytes.size == payload.size() && std::equal(payload.begin(), payload.end(), bytes.data);
}

}  // namespace sim
