#include "sensor_status.h"

#include <cinttypes>
#include <cstdio>

#include "esp_app_desc.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "sensor_task.h"
#include "wifi_station.h"

namespace board {
namespace {

struct Status {
  uint32_t session = 0;
  sensor_v1_State state = sensor_v1_State_STATE_UNSPECIFIED;
  double sample_frequency_hz = 0;
  uint64_t next_sequence = 0;
  uint32_t buffered_batches = 0;
  bool connected = false;
  sensor::Counters counters;
};

Status noted;
SemaphoreHandle_t lock = nullptr;

const char* name_of(sensor_v1_State state) {
  switch (state) {
    case sensor_v1_State_STATE_AWAKE:
      return "awake";
    case sensor_v1_State_STATE_ASLEEP:
      return "asleep";
    case sensor_v1_State_STATE_OFFLINE:
      return "offline";
    default:
      return "starting";
  }
}

}  // namespace

bool begin_sensor_status() {
  lock = xSemaphoreCreateMutex();
  return lock != nullptr;
}

void note_sensor_status(const sensor::Sensor& sensor) {
  xSemaphoreTake(lock, portMAX_DELAY);
  noted.session = sensor.session();
  noted.state = sensor.state();
  noted.sample_frequency_hz = sensor.sample_frequency_hz();
  noted.next_sequence = sensor.next_sequence();
  noted.buffered_batches = sensor.buffered_batches();
  noted.connected = sensor.connected();
  noted.counters = sensor.counters();
  xSemaphoreGive(lock);
}

void write_sensor_status(sensor::Console::Actions& actions) {
  xSemaphoreTake(lock, portMAX_DELAY);
  const Status status = noted;
  xSemaphoreGive(lock);
  char line[160] = "";
  const auto write = [&](int size) {
    if (size > 0) actions.write(line);
  };
  write(std::snprintf(line, sizeof line, "%s, %s, %.6g Hz, firmware %s\r\n", name_of(status.state),
                      status.connected ? "connected" : "not connected", status.sample_frequency_hz,
                      esp_app_get_description()->version));
  write(std::snprintf(
      line, sizeof line,
      "session %" PRIu32 ", %" PRIu64 " batches made, %" PRIu32 " buffered, %" PRIu64 " lost\r\n",
      status.session, status.next_sequence, status.buffered_batches, status.counters.batches_lost));
  write(std::snprintf(line, sizeof line,
                      "overruns %" PRIu64 ", reconnects %" PRIu64 ", clock steps %" PRIu64
                      ", store failures %" PRIu64 "\r\n",
                      status.counters.overruns, status.counters.reconnects, status.counters.clock_steps,
                      status.counters.store_failures));
  write(std::snprintf(line, sizeof line, "Wi-Fi %d dBm, memory free %" PRIu32 " bytes, least %" PRIu32 "\r\n",
                      static_cast<int>(wifi_rssi_dbm()), esp_get_free_heap_size(),
                      esp_get_minimum_free_heap_size()));
}

}  // namespace board
