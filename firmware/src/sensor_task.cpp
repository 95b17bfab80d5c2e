#include "sensor_task.h"

#include <algorithm>
#include <new>

#include "board_plan.h"
#include "esp_log.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "power.h"
#include "sensor_status.h"
#include "update.h"

namespace board {
namespace {

constexpr const char* kTag = "sensor";
constexpr uint64_t kLongestWaitUs = 5'000'000;  // the watchdog bites after 30 s
constexpr uint64_t kGoodbyeUs = 10'000'000;
constexpr uint64_t kRebootGoodbyeUs = 3'000'000;  // the core has saved by then
constexpr unsigned kEventsAtOnce = 64;            // then time passes for the sensor, too
// Deep sleep is worth a boot and a TLS handshake; before it, answers and the status are delivered.
constexpr uint64_t kWorthDeepSleepUs = 60'000'000;
constexpr uint64_t kBeforeDeepSleepUs = 5'000'000;
constexpr uint64_t kDeliverAtMostUs = 60'000'000;

class SensorTask {
 public:
  explicit SensorTask(const SensorParts& parts) : parts_(parts) {}

  [[noreturn]] void run() {
    esp_task_wdt_add(nullptr);
    parts_.sensor.begin();
    for (;;) {
      const uint64_t due_us = step();
      if (parts_.system.reboot_wanted()) {
        wait_for_goodbye(kRebootGoodbyeUs);
        esp_restart();
      }
      if (restart_wanted_) {
        stop();
        esp_restart();
      }
      deep_sleep_if_due();
      take_events(due_us);
    }
  }

 private:
  // Everything that is due; when there is something to do again.
  uint64_t step() {
    uint64_t due_us = parts_.sensor.tick();
    while (parts_.mqtt.settle(parts_.sensor)) due_us = parts_.sensor.tick();
    const bool asleep = parts_.sensor.state() == sensor_v1_State_STATE_ASLEEP;
    if (asleep && !asleep_) asleep_since_us_ = parts_.clock.monotonic_us();
    asleep_ = asleep;
    set_power_save(asleep);
    note_sensor_status(parts_.sensor);
    return due_us;
  }

  // Wait until then for something to happen, and hand over what did.
  void take_events(uint64_t due_us) {
    const uint64_t now_us = parts_.clock.monotonic_us();
    const uint64_t wait_us = std::min(due_us > now_us ? due_us - now_us : 0, kLongestWaitUs);
    auto ticks = static_cast<TickType_t>((wait_us * configTICK_RATE_HZ + 999'999) / 1'000'000);
    Event event{};
    for (unsigned i = 0; i < kEventsAtOnce && parts_.events.wait(&event, ticks); ++i) {
      take(event);
      ticks = 0;
    }
  }

  void take(const Event& event) {
    switch (event.kind) {
      case Event::Kind::kCommand:
        parts_.sensor.on_command({event.data, event.size});
        parts_.events.command_done();  // it may be acknowledged
        break;
      case Event::Kind::kRestart:
        restart_wanted_ = true;
        break;
      default:
        parts_.mqtt.tell(event, parts_.sensor);
        break;
    }
  }

  // A clean stop; what the broker does not have by then is on flash.
  void stop() {
    parts_.sensor.stop();
    wait_for_goodbye(kGoodbyeUs);
    parts_.sensor.save();
  }

  void wait_for_goodbye(uint64_t at_most_us) {
    const uint64_t end_us = parts_.clock.monotonic_us() + at_most_us;
    while (!(parts_.sensor.stopped() && parts_.mqtt.disconnected()) && parts_.clock.monotonic_us() < end_us) {
      parts_.sensor.tick();
      parts_.mqtt.settle(parts_.sensor);
      esp_task_wdt_reset();  // a sensor that stopped does not feed it any more
      take_events(parts_.clock.monotonic_us() + 20'000);
    }
  }

  void deep_sleep_if_due() {
    // Without a clock nobody would know at the next boot when the sleep ends: it would last until Awake.
    if (!parts_.deep_sleep || !asleep_ || parts_.clock.unix_ns() == 0) return;
    if (!image_confirmed()) return;  // waking up is a boot: it would go back to the old image
    const uint64_t now_us = parts_.clock.monotonic_us();
    const uint64_t wake_us = parts_.system.wake_us();
    if (wake_us < now_us + kWorthDeepSleepUs) return;
    const uint64_t asleep_us = now_us - asleep_since_us_;
    const bool delivered = parts_.sensor.connected() && parts_.sensor.buffered_batches() == 0;
    if (asleep_us < kBeforeDeepSleepUs || (!delivered && asleep_us < kDeliverAtMostUs)) return;
    stop();
    // Commands are taken until the connection is closed: it may be awake by now, or sleep for another time.
    // What was stopped begins again by a boot, which reads the state from the store.
    const uint64_t until_us = parts_.system.wake_us();
    const uint64_t then_us = parts_.clock.monotonic_us();
    const bool asleep = parts_.sensor.state() == sensor_v1_State_STATE_ASLEEP;
    if (!asleep || until_us <= then_us || restart_wanted_ || parts_.system.reboot_wanted()) esp_restart();
    deep_sleep(until_us - then_us);
  }

  SensorParts parts_;
  bool restart_wanted_ = false;
  bool asleep_ = false;
  uint64_t asleep_since_us_ = 0;
};

void run(void* task) { static_cast<SensorTask*>(task)->run(); }

}  // namespace

// NOLINTBEGIN(clang-analyzer-cplusplus.NewDeleteLeaks): it lives as long as the board
bool begin_sensor(const SensorParts& parts) {
  auto* const task = new (std::nothrow) SensorTask(parts);
  const bool begun = task != nullptr && begin_sensor_status() &&
                     xTaskCreatePinnedToCore(&run, "sensor", kSensorStack, task, kSensorPriority, nullptr,
                                             kMeasuringCore) == pdPASS;
  if (!begun) ESP_LOGE(kTag, "not begun: no memory");
  return begun;
}
// NOLINTEND(clang-analyzer-cplusplus.NewDeleteLeaks)

}  // namespace board
