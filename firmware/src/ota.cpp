#include <atomic>
#include <cstring>

#include "board_plan.h"
#include "esp_app_desc.h"
#include "esp_crt_bundle.h"
#include "esp_http_client.h"
#include "esp_https_ota.h"
#include "esp_log.h"
#include "esp_ota_ops.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "update.h"
#include "wifi_station.h"

namespace board {
namespace {

constexpr const char* kTag = "update";
// Only time with an address counts: a network that is away says nothing about the image. A day counts
// whatever happens, as it may be the image that cannot join.
constexpr uint32_t kCheckEveryS = 10;
constexpr uint32_t kConfirmWithinS = 600;
constexpr uint32_t kConfirmAnywayS = 24 * 3600;
constexpr uint32_t kGoodbyeS = 60;  // the sensor's task needs 10 s at most
constexpr uint32_t kFirstWithinS = 300;
constexpr uint32_t kEveryS = 24 * 3600;
constexpr uint32_t kJitterS = 3600;
constexpr int kTimeoutMs = 15'000;

std::atomic<bool> unconfirmed{false};
esp_timer_handle_t confirmation = nullptr;
SensorEvents* sensor_events = nullptr;
// Of the timer.
uint32_t tried_s = 0;
uint32_t connected_s = 0;
uint32_t giving_up_s = 0;  // 0: not yet

struct Source {
  const char* url;
  const char* ca;
  SensorEvents* events;
};
Source source{};

// Every kCheckEveryS. The sensor's task saves and restarts; where it does not, it is restarted all the same.
void check_confirmation(void*) {
  if (!unconfirmed.load()) return;
  tried_s += kCheckEveryS;
  if (wifi_has_address()) connected_s += kCheckEveryS;
  if (giving_up_s != 0) {
    giving_up_s += kCheckEveryS;
    if (giving_up_s > kGoodbyeS) esp_restart();
  } else if (connected_s >= kConfirmWithinS || tried_s >= kConfirmAnywayS) {
    ESP_LOGE(kTag, "this image did not reach the broker: back to the old one");
    giving_up_s = kCheckEveryS;
    if (!sensor_events->post_at_once(Event{Event::Kind::kRestart})) {
      ESP_LOGW(kTag, "the sensor cannot be told: restart in %u s", static_cast<unsigned>(kGoodbyeS));
    }
  }
}

bool same_version(const esp_app_desc_t& one, const esp_app_desc_t& other) {
  return std::strncmp(one.version, other.version, sizeof one.version) == 0;
}

// One that was tried and did not reach the broker is not tried again.
bool failed_before(const esp_app_desc_t& image) {
  const esp_partition_t* const invalid = esp_ota_get_last_invalid_partition();
  esp_app_desc_t description = {};
  return invalid != nullptr && esp_ota_get_partition_description(invalid, &description) == ESP_OK &&
         same_version(description, image);
}

bool is_wanted(const esp_app_desc_t& image) {
  const esp_app_desc_t& running = *esp_app_get_description();
  if (std::strncmp(image.project_name, running.project_name, sizeof image.project_name) != 0) {
    ESP_LOGE(kTag, "not firmware of a sensor");
    return false;
  }
  return !same_version(image, running) && !failed_before(image);
}

// Whether another image is installed now.
bool install() {
  esp_http_client_config_t http = {};
  http.url = source.url;
  http.timeout_ms = kTimeoutMs;
  http.keep_alive_enable = true;
  if (source.ca != nullptr) {
    http.cert_pem = source.ca;
  } else {
    http.crt_bundle_attach = esp_crt_bundle_attach;
  }
  esp_https_ota_config_t config = {};
  config.http_config = &http;
  esp_https_ota_handle_t update = nullptr;
  esp_err_t error = esp_https_ota_begin(&config, &update);
  if (error != ESP_OK) {
    ESP_LOGW(kTag, "cannot be looked for: %s", esp_err_to_name(error));
    return false;
  }
  esp_app_desc_t image = {};
  if (esp_https_ota_get_img_desc(update, &image) != ESP_OK || !is_wanted(image)) {
    esp_https_ota_abort(update);
    return false;
  }
  ESP_LOGI(kTag, "version %s", image.version);
  while ((error = esp_https_ota_perform(update)) == ESP_ERR_HTTPS_OTA_IN_PROGRESS) vTaskDelay(1);
  if (error != ESP_OK || !esp_https_ota_is_complete_data_received(update)) {
    ESP_LOGW(kTag, "incomplete: %s", esp_err_to_name(error));
    esp_https_ota_abort(update);
    return false;
  }
  error = esp_https_ota_finish(update);  // checks the image, and makes it the one to boot
  if (error != ESP_OK) ESP_LOGE(kTag, "not a valid image: %s", esp_err_to_name(error));
  return error == ESP_OK;
}

void wait_s(uint32_t seconds) {
  // In pieces: a day is more ticks than pdMS_TO_TICKS can count.
  for (uint32_t i = 0; i < seconds; ++i) vTaskDelay(pdMS_TO_TICKS(1000));
}

void run(void*) {
  wait_s(esp_random() % kFirstWithinS);
  for (;;) {
    // An image that is not confirmed is never replaced: it is what the bootloader goes back from.
    while (!wifi_has_address() || unconfirmed.load()) wait_s(10);
    if (install()) {
      source.events->post(Event{Event::Kind::kRestart});
      vTaskDelete(nullptr);
    }
    wait_s(kEveryS - kJitterS / 2 + esp_random() % kJitterS);
  }
}

}  // namespace

void watch_unconfirmed_image(SensorEvents& events) {
  esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
  const esp_partition_t* const running = esp_ota_get_running_partition();
  if (running == nullptr || esp_ota_get_state_partition(running, &state) != ESP_OK ||
      state != ESP_OTA_IMG_PENDING_VERIFY) {
    return;
  }
  sensor_events = &events;
  unconfirmed.store(true);
  ESP_LOGI(kTag, "a new image: kept when it has reached the broker");
  esp_timer_create_args_t arguments = {};
  arguments.callback = &check_confirmation;
  arguments.name = "confirm";
  if (esp_timer_create(&arguments, &confirmation) != ESP_OK ||
      esp_timer_start_periodic(confirmation, kCheckEveryS * 1'000'000ULL) != ESP_OK) {
    ESP_LOGE(kTag, "nobody would go back from this image: restart");
    esp_restart();  // nothing is measured yet
  }
}

void confirm_running_image() {
  if (!unconfirmed.load()) return;
  const esp_err_t error = esp_ota_mark_app_valid_cancel_rollback();
  if (error != ESP_OK) {
    ESP_LOGE(kTag, "cannot be confirmed: %s", esp_err_to_name(error));
    return;
  }
  esp_timer_stop(confirmation);
  unconfirmed.store(false);
  ESP_LOGI(kTag, "confirmed");
}

bool image_confirmed() { return !unconfirmed.load(); }

bool begin_updates(const char* url, const char* ca, SensorEvents& events) {
  source = {url, ca, &events};
  return xTaskCreate(&run, "update", kUpdateStack, nullptr, kUpdatePriority, nullptr) == pdPASS;
}

}  // namespace board
