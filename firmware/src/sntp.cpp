#include <sys/time.h>

#include <cstdlib>

#include "board_clock.h"
#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "esp_netif_sntp.h"
#include "esp_sntp.h"
#include "wifi_station.h"

namespace {

constexpr const char* kTag = "time";
// As the core has it: a larger difference is a step, and begins a new run.
constexpr int64_t kStepUs = 100'000;

board::BoardClock* clock_to_set = nullptr;

int64_t microseconds(const timeval& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000 + static_cast<int64_t>(time.tv_usec);
}

// Ask at once: what was asked without a network is repeated only after a quarter of a minute, and more.
void on_address(void*, esp_event_base_t, int32_t, void*) { esp_netif_sntp_start(); }

}  // namespace

// The component's own one is weak. It would slew up to half an hour, at 1.6 %: after a deep sleep, of which
// the RTC knows the length to some percent, the time would be wrong for hours.
extern "C" void sntp_sync_time(timeval* tv) {
  timeval now = {};
  gettimeofday(&now, nullptr);
  const int64_t off_us = microseconds(*tv) - microseconds(now);
  if (clock_to_set->synchronised() && std::llabs(off_us) <= kStepUs) {
    timeval difference = {};
    difference.tv_usec = static_cast<decltype(difference.tv_usec)>(off_us);
    adjtime(&difference, nullptr);
  } else {
    settimeofday(tv, nullptr);
    ESP_LOGI(kTag, "set, by %lld ms", static_cast<long long>(off_us / 1000));
  }
  sntp_set_sync_status(SNTP_SYNC_STATUS_COMPLETED);
  clock_to_set->set_synchronised();
}

namespace board {

bool begin_time_sync(BoardClock& clock, const char* server) {
  clock_to_set = &clock;
  esp_sntp_config_t config = {};
  config.ip_event_to_renew = IP_EVENT_STA_GOT_IP;
  config.num_of_servers = 1;
  config.servers[0] = server;
  const bool begun =
      esp_netif_sntp_init(&config) == ESP_OK &&
      esp_event_handler_register(IP_EVENT, IP_EVENT_STA_GOT_IP, &on_address, nullptr) == ESP_OK;
  if (!begun) ESP_LOGE(kTag, "no SNTP");
  if (begun && wifi_has_address()) esp_netif_sntp_start();
  return begun;
}

}  // namespace board
