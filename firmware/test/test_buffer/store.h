#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/buffer.h"
#include "sim/flash.h"
#include "sim/payload.h"
#include "sim/random.h"

/// A buffer with everything that it stands on; may be booted anew.
struct Store {
  Store(size_t ring_bytes, uint32_t sectors, uint32_t seed = 1)
      : ring(ring_bytes),
        scratch(2'000),
        flash(std::max<uint32_t>(sectors, 1) * 256, 256, seed),
        with_flash(sectors > 0) {
    boot();
  }

  void boot() {
    spool = std::make_unique<sensor::Spool>(flash);
    const bool mounted = with_flash && spool->mount();
    buffer = std::make_unique<sensor::Buffer>(sensor::Memory{ring.data(), ring.size()},
                                              mounted ? spool.get() : nullptr,
                                              sensor::Memory{scratch.data(), scratch.size()});
  }

  void add(sensor::BatchKey key, size_t size) {
    const std::vector<uint8_t> payload = sim::payload_of(key, size);
    buffer->add(key, sim::bytes_of(payload));
  }
  /// Batches 0 … count - 1 of session 1.
  void fill(uint64_t count, size_t size) {
    for (uint64_t sequence = 0; sequence < count; ++sequence) {
      add({1, sequence}, size);
    }
  }
  /// Sequence of what is published next, and whether its payload is right; -1: nothing, -2: another payload.
  int64_t next(size_t size) {
    sensor::Buffer::Outgoing outgoing;
    if (!buffer->next(&outgoing)) {
      return -1;
    }
    return sim::equal(outgoing.payload, sim::payload_of(outgoing.key, size))
               ? static_cast<int64_t>(outgoing.key.sequence)
               : -2;
  }
  std::vector<int64_t> all_next(size_t size) {
    std::vector<int64_t> sequences;
    for (int64_t sequence = next(size); sequence != -1; sequence = next(size)) {
      sequences.push_back(sequence);
    }
    return sequences;
  }
  void held(int64_t sequence) { buffer->held({1, static_cast<uint64_t>(sequence)}); }
  void again(int64_t sequence) { buffer->again({1, static_cast<uint64_t>(sequence)}); }
  /// Publish everything, answered by the broker at once; what came, sorted.
  std::vector<int64_t> drain(size_t size) {
    std::vector<int64_t> sequences;
    for (int64_t sequence = next(size); sequence != -1; sequence = next(size)) {
      sequences.push_back(sequence);
      held(sequence);
    }
    std::sort(sequences.begin(), sequences.end());
    return sequences;
  }

  std::vector<uint8_t> ring;
  std::vector<uint8_t> scratch;
  sim::Flash flash;
  bool with_flash;
  std::unique_ptr<sensor::Spool> spool;
  std::unique_ptr<sensor::Buffer> buffer;
};

/// Bytes of a ring for so many batches.
inline size_t ring_for(size_t count, size_t size) {
  return count * (sensor::Ring::kEntryOverhead + (size + 3) / 4 * 4);
}
