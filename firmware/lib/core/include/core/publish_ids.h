#pragma once

#include <array>

#include "core/limits.h"
#include "hal/mqtt.h"

namespace sensor {

/// Which publish of ours is which message of the MQTT library, where another task hands messages over: the
/// library's message id is known only later, and the broker may have answered before. One task owns it.
class PublishIds {
 public:
  struct Outcome {
    hal::PublishId id = hal::kNotTaken;  ///< kNotTaken: none of ours
    uint8_t reason_code = 0;
  };

  /// Bytes that may be under way together; one message goes whatever its size.
  explicit PublishIds(size_t maximum_bytes) : maximum_bytes_(maximum_bytes) {}

  /// A new publish; kNotTaken where the window is full.
  hal::PublishId begin(size_t bytes);
  /// The library took it under this number. An outcome, where the broker has answered already.
  Outcome taken(hal::PublishId id, int32_t message_id);
  /// The broker answered for a message.
  Outcome published(int32_t message_id, uint8_t reason_code);
  /// The library forgot a message / never took it: it is over.
  Outcome forgotten(int32_t message_id);
  Outcome dropped(hal::PublishId id);
  /// The connection is gone, and the library's memory with it: one of those under way, until there is none.
  Outcome drop_one();

  size_t count() const;
  size_t bytes() const;

 private:
  static constexpr int32_t kNoMessage = -1;
  struct Entry {
    hal::PublishId id = hal::kNotTaken;
    int32_t message_id = kNoMessage;
    size_t bytes = 0;
  };
  struct Early {
    int32_t message_id = kNoMessage;
    uint8_t reason_code = 0;
  };

  Entry* find_id(hal::PublishId id);
  Entry* find_message(int32_t message_id);
  static Outcome over(Entry* entry, uint8_t reason_code);

  size_t maximum_bytes_;
  hal::PublishId last_ = 0;
  std::array<Entry, kWindow> entries_{};
  std::array<Early, 4>
      early_{};  // answers to what is being handed over: one, beside those to messages given up
  size_t next_early_ = 0;
};

}  // namespace sensor
