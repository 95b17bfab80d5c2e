#pragma once

#include "core/bytes.h"
#include "core/messages.h"
#include "hal/clock.h"
#include "hal/flash.h"
#include "hal/gps.h"
#include "hal/mqtt.h"
#include "hal/source.h"
#include "hal/store.h"
#include "hal/system.h"

namespace sensor {

/// The board that a sensor runs on. `spool` and `gps` may be null.
struct Board {
  hal::Clock& clock;
  hal::Source& source;
  hal::Mqtt& mqtt;
  hal::Store& store;
  hal::System& system;
  hal::Flash* spool = nullptr;
  hal::Gps* gps = nullptr;
};

struct Options {
  const char* serial_number = nullptr;
  double sample_frequency_hz = 0;   ///< until one is commanded
  double batch_duration_s = 1.0;
  size_t window_bytes = 65'536;     ///< batches that wait for the broker's answer, beside their number (20)
};

/// Memory that a sensor works in: `frames` for the open batch (a batch holds what fits), `payload` for one encoded message
/// (at least 2 KiB, and the open batch encoded), `scratch` of the same size for one read from flash, `ring` for batches.
struct Workspace {
  Memory frames;
  Memory payload;
  Memory scratch;
  Memory ring;
};

struct Counters {
  uint64_t batches_made = 0;
  uint64_t samples_made = 0;          ///< of all channels
  uint64_t batches_acknowledged = 0;  ///< held by the broker, each counted once
  uint64_t batches_lost = 0;          ///< no room anywhere; nobody held them
  uint64_t batches_resent = 0;
  uint64_t not_held = 0;              ///< answers of the broker that nobody, or not it, holds a message
  uint64_t messages_lost = 0;         ///< births, statuses, logs given up by a full outbox
  uint64_t commands = 0;
  uint64_t bad_commands = 0;
  uint64_t overruns = 0;              ///< the source lost frames
  uint64_t clock_steps = 0;
  uint64_t reconnects = 0;
  uint64_t store_failures = 0;
};

}  // namespace sensor
