#include <cstdlib>
#include <cstring>
#include <new>

#include "adxl345.h"
#include "board_clock.h"
#include "board_plan.h"
#include "board_system.h"
#include "console_uart.h"
#include "core/sensor.h"
#include "core/settings.h"
#include "core/synthetic.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_mqtt.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "gps_uart.h"
#include "iis3dwb.h"
#include "lamp.h"
#include "nvs_store.h"
#include "power.h"
#include "sampled_source.h"
#include "sensor_events.h"
#include "sensor_task.h"
#include "spool_flash.h"
#include "stored_text.h"
#include "update.h"
#include "wifi_station.h"

// A board from boot to a running sensor. Everything that is made here lives until the next restart.

namespace {

constexpr const char* kTag = "board";

// In static memory: used from the first second, whether there is a sensor or not.
board::NvsStore store;
board::BoardClock board_clock;
board::SensorEvents events;

sensor::Memory room(size_t size) {
  auto* const data = static_cast<uint8_t*>(heap_caps_malloc(size, MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL));
  return {data, data != nullptr ? size : 0};
}

/// What cannot go on: it is shown for a while, and the board tries once more from the beginning.
[[noreturn]] void fail(const char* why) {
  ESP_LOGE(kTag, "%s: restart in a minute", why);
  board::show_lamp(hal::Lamp::kError);
  vTaskDelay(pdMS_TO_TICKS(60'000));
  esp_restart();
}

template <typename Device>
hal::Source* sampled() {
  const sensor::Memory ring = room(board::kSamplingRingBytes);
  auto* const device = new (std::nothrow) Device;
  if (ring.data == nullptr || device == nullptr) return nullptr;
  auto* const source = new (std::nothrow) board::SampledSource(*device, ring);
  return source != nullptr && source->begin() ? source : nullptr;
}

hal::Source* make_source(const sensor::Settings& settings) {
  char name[24];
  if (!settings.get("sensor.source", name, sizeof name)) return nullptr;
  ESP_LOGI(kTag, "source: %s", name);
  if (std::strcmp(name, "iis3dwb") == 0) return sampled<board::Iis3dwb>();
  if (std::strcmp(name, "adxl345") == 0) return sampled<board::Adxl345>();
  return new (std::nothrow) sensor::Synthetic;
}

board::MqttOptions mqtt_options(const sensor::Settings& settings) {
  board::MqttOptions options = {};
  options.serial_number = board::stored_text(settings, "serial_number");
  options.host = board::stored_text(settings, "mqtt.host");
  options.port = static_cast<uint32_t>(settings.number("mqtt.port"));
  options.password = board::stored_text(settings, "mqtt.password");
  options.tls = settings.on("mqtt.tls");
  options.ca = board::stored_text(settings, "tls.ca");
  options.certificate = board::stored_text(settings, "tls.certificate");
  options.key = board::stored_text(settings, "tls.key");
  return options;
}

void begin_network(const sensor::Settings& settings) {
  const char* const ssid = board::stored_text(settings, "wifi.ssid");
  if (ssid == nullptr) {
    ESP_LOGE(kTag, "wifi.ssid is not set: nothing can be reached");
    return;
  }
  if (!board::begin_wifi(ssid, board::stored_text(settings, "wifi.password"))) fail("Wi-Fi does not start");
  const char* const server = board::stored_text(settings, "time.server");
  if (server != nullptr) board::begin_time_sync(board_clock, server);
}

void begin_measuring(const sensor::Settings& settings) {
  // The largest pieces of memory first, while it is whole.
  const sensor::Workspace workspace = {room(board::kFramesBytes), room(board::kPayloadBytes),
                                       room(board::kPayloadBytes), room(board::kRingBytes)};
  if (workspace.frames.data == nullptr || workspace.payload.data == nullptr ||
      workspace.scratch.data == nullptr || workspace.ring.data == nullptr) {
    fail("not enough memory");
  }
  hal::Source* const source = make_source(settings);
  auto* const spool = new (std::nothrow) board::SpoolFlash;
  auto* const system = new (std::nothrow) board::BoardSystem;
  const board::MqttOptions broker = mqtt_options(settings);
  if (source == nullptr || spool == nullptr || system == nullptr || broker.serial_number == nullptr ||
      broker.host == nullptr || !events.begin()) {
    fail("not enough memory");
  }
  auto* const mqtt = new (std::nothrow) board::EspMqtt(broker, events);
  if (mqtt == nullptr || !mqtt->begin()) fail("not enough memory");

  sensor::Board parts = {board_clock, *source, *mqtt, store, *system, nullptr, nullptr};
  if (spool->begin()) parts.spool = spool;
  if (settings.on("gps.enabled")) {
    auto* const gps = new (std::nothrow) board::GpsUart;
    if (gps != nullptr && gps->begin()) parts.gps = gps;
  }
  sensor::Options options = {};
  options.serial_number = broker.serial_number;
  options.sample_frequency_hz = settings.number("sensor.sample_frequency");
  options.window_bytes = board::kWindowBytes;
  auto* const sensor = new (std::nothrow) sensor::Sensor(options, parts, workspace);
  if (sensor == nullptr) fail("not enough memory");
  if (!board::begin_sensor({*sensor, *mqtt, *system, board_clock, events, settings.on("sleep.deep")})) {
    fail("not enough memory");
  }
  board::set_console_sensor(&board::write_sensor_status, events);
  const char* const url = board::stored_text(settings, "update.url");
  if (url != nullptr) board::begin_updates(url, broker.ca, events);
}

}  // namespace

extern "C" void app_main() {
  board::begin_lamp();
  board::watch_unconfirmed_image(events);
  if (!store.begin()) fail("no store");
  static sensor::Settings settings(store);
  board::begin_console(settings);
  const char* const missing = settings.missing();
  if (missing != nullptr) {
    // Nothing but the console, until its `save` and `reboot`.
    ESP_LOGW(kTag, "not provisioned: %s is not set", missing);
    board::show_lamp(hal::Lamp::kUnprovisioned);
    return;
  }
  board::begin_power();
  begin_network(settings);
  begin_measuring(settings);
}
