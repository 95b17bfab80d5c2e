#include <atomic>
#include <cstring>

#include "core/backoff.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "esp_random.h"
#include "esp_timer.h"
#include "esp_wifi.h"
#include "wifi_station.h"

namespace board {
namespace {

constexpr const char* kTag = "wifi";
constexpr uint16_t kListenInterval = 10;  // beacons, about a second: how long a command waits while asleep

std::atomic<bool> has_address{false};
std::atomic<bool> begun{false};
esp_timer_handle_t retry_timer = nullptr;
sensor::Backoff backoff(200'000, 30'000'000);  // of the event task

void try_again(void*) { esp_wifi_connect(); }

void on_wifi(void*, esp_event_base_t, int32_t id, void* data) {
  if (id == WIFI_EVENT_STA_START) {
    esp_wifi_connect();
  } else if (id == WIFI_EVENT_STA_DISCONNECTED) {
    has_address.store(false);
    const uint64_t wait_us = backoff.next_us(esp_random());
    const auto* const event = static_cast<const wifi_event_sta_disconnected_t*>(data);
    ESP_LOGW(kTag, "not connected (reason %u); again in %u ms", static_cast<unsigned>(event->reason),
             static_cast<unsigned>(wait_us / 1000));
    esp_timer_stop(retry_timer);  // it is not running, as a rule
    esp_timer_start_once(retry_timer, wait_us);
  }
}

void on_address(void*, esp_event_base_t, int32_t id, void* data) {
  if (id == IP_EVENT_STA_GOT_IP) {
    const auto* const event = static_cast<const ip_event_got_ip_t*>(data);
    ESP_LOGI(kTag, "address " IPSTR, IP2STR(&event->ip_info.ip));
    backoff.reset();
    has_address.store(true);
  } else if (id == IP_EVENT_STA_LOST_IP) {
    has_address.store(false);
  }
}

bool worked(esp_err_t error, const char* what) {
  if (error == ESP_OK) return true;
  ESP_LOGE(kTag, "%s: %s", what, esp_err_to_name(error));
  return false;
}

// The driver's fields are no texts: full ones have no NUL.
template <size_t kSize>
void copy(uint8_t (&field)[kSize], const char* text) {
  std::memcpy(field, text, strnlen(text, kSize));
}

bool start_driver() {
  if (!worked(esp_netif_init(), "netif") || !worked(esp_event_loop_create_default(), "event loop"))
    return false;
  if (esp_netif_create_default_wifi_sta() == nullptr) return false;
  const wifi_init_config_t init = WIFI_INIT_CONFIG_DEFAULT();
  if (!worked(esp_wifi_init(&init), "driver")) return false;
  esp_timer_create_args_t timer = {};
  timer.callback = &try_again;
  timer.name = "wifi";
  return worked(esp_timer_create(&timer, &retry_timer), "timer") &&
         worked(esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, &on_wifi, nullptr), "handler") &&
         worked(esp_event_handler_register(IP_EVENT, ESP_EVENT_ANY_ID, &on_address, nullptr), "handler");
}

}  // namespace

bool begin_wifi(const char* ssid, const char* password) {
  if (!start_driver()) return false;
  wifi_config_t config = {};
  copy(config.sta.ssid, ssid);
  if (password != nullptr) copy(config.sta.password, password);
  // A network with a password is never joined without one, whoever offers its name.
  config.sta.threshold.authmode = password != nullptr ? WIFI_AUTH_WPA2_PSK : WIFI_AUTH_OPEN;
  config.sta.listen_interval = kListenInterval;
  begun.store(worked(esp_wifi_set_storage(WIFI_STORAGE_RAM), "storage") &&  // settings are in our own store
              worked(esp_wifi_set_mode(WIFI_MODE_STA), "mode") &&
              worked(esp_wifi_set_config(WIFI_IF_STA, &config), "configuration") &&
              worked(esp_wifi_set_ps(WIFI_PS_NONE), "power save") && worked(esp_wifi_start(), "start"));
  return begun.load();
}

bool wifi_has_address() { return has_address.load(); }

int32_t wifi_rssi_dbm() {
  int rssi_dbm = 0;
  return has_address.load() && esp_wifi_sta_get_rssi(&rssi_dbm) == ESP_OK ? rssi_dbm : 0;
}

void wifi_save_power(bool save) {
  if (begun.load()) worked(esp_wifi_set_ps(save ? WIFI_PS_MAX_MODEM : WIFI_PS_NONE), "power save");
}

}  // namespace board
