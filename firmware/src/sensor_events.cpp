#include "sensor_events.h"

#include "esp_log.h"
#include "esp_system.h"

namespace board {
namespace {

constexpr const char* kTag = "events";
constexpr UBaseType_t kLength = 48;  // all answers to a full window, and what else happens meanwhile
constexpr TickType_t kStuck = pdMS_TO_TICKS(60'000);  // twice the task watchdog's patience

}  // namespace

bool SensorEvents::begin() {
  queue_ = xQueueCreate(kLength, sizeof(Event));
  done_ = xSemaphoreCreateBinary();
  return queue_ != nullptr && done_ != nullptr;
}

void SensorEvents::post(const Event& event) { xQueueSend(queue_, &event, portMAX_DELAY); }

bool SensorEvents::post_at_once(const Event& event) {
  return queue_ != nullptr && xQueueSend(queue_, &event, 0) == pdTRUE;
}

bool SensorEvents::wait(Event* event, TickType_t ticks) {
  return xQueueReceive(queue_, event, ticks) == pdTRUE;
}

void SensorEvents::command(const uint8_t* data, size_t size) {
  Event event{Event::Kind::kCommand};
  event.data = data;
  event.size = size;
  post(event);
  if (xSemaphoreTake(done_, kStuck) != pdTRUE) {
    ESP_LOGE(kTag, "the sensor does not take a command: restart");
    esp_restart();
  }
}

void SensorEvents::command_done() { xSemaphoreGive(done_); }

}  // namespace board
