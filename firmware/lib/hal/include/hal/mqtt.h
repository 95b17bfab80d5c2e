#pragma once

#include <cstddef>
#include <cstdint>

namespace hal {

/// Names one publish until its outcome is known; never negative where a publish was taken.
using PublishId = int32_t;
constexpr PublishId kNotTaken = -1;

/// Reason codes of MQTT 5 that matter here.
constexpr uint8_t kReasonSuccess = 0x00;
constexpr uint8_t kReasonNoMatchingSubscribers = 0x10;

struct Message {
  const char* topic;
  const uint8_t* payload;
  size_t size;
  bool retain;
};

/// A connection to the MQTT 5 broker with a persistent session. Everything is QoS 1.
///
/// What happens comes back through `sensor::Link` (on_connected, on_disconnected, on_published, on_dropped, on_command),
/// in the task that owns the sensor. Each publish that was taken ends in exactly one on_published or on_dropped; the
/// library repeats what is under way after a reconnect by itself.
class Mqtt {
 public:
  /// Begin one attempt to connect; the outcome is reported. The last will and the subscription to
  /// `sensors/{serial}/commands/+` are the adapter's: `will` is a retained Status without a time.
  virtual void connect(const Message& will) = 0;
  /// Say goodbye: the broker sends no last will. The session stays.
  virtual void disconnect() = 0;
  /// Hand a message over; it is copied. kNotTaken where it cannot be taken now.
  virtual PublishId publish(const Message& message) = 0;

 protected:
  ~Mqtt() = default;
};

}  // namespace hal
