#pragma once

#include <cstddef>
#include <cstdint>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "hal/mqtt.h"

namespace board {

/// What other tasks tell the task that owns the sensor.
struct Event {
  enum class Kind : uint8_t {
    kConnected,
    kDisconnected,  ///< `refused`; esp-mqtt has forgotten everything
    kTaken,         ///< publish `id` is esp-mqtt's message `message_id`
    kDropped,       ///< publish `id` was not taken after all
    kPublished,     ///< message `message_id` was answered with `reason_code`
    kDeleted,       ///< esp-mqtt forgot message `message_id`
    kCommand,       ///< `data`, `size`; answered by SensorEvents::command_done
    kRestart,       ///< save everything, say goodbye, restart
  };

  Kind kind = Kind::kRestart;
  bool refused = false;
  uint8_t reason_code = 0;
  hal::PublishId id = hal::kNotTaken;
  int32_t message_id = -1;
  const uint8_t* data = nullptr;
  size_t size = 0;
};

/// The queue of these. The sensor's task never waits for a task that posts, so posting may wait for it.
class SensorEvents {
 public:
  bool begin();
  /// Waits while the queue is full; not from an interrupt.
  void post(const Event& event);
  /// Does not wait: false where the queue is full, or not begun.
  bool post_at_once(const Event& event);
  /// False where none came within that time.
  bool wait(Event* event, TickType_t ticks);

  /// Hand a command over and wait until its id and its answer are in flash; then it may be acknowledged. A
  /// sensor that does not answer is stuck: the board restarts, and the broker delivers the command again.
  void command(const uint8_t* data, size_t size);
  void command_done();

 private:
  QueueHandle_t queue_ = nullptr;
  SemaphoreHandle_t done_ = nullptr;
};

}  // namespace board
