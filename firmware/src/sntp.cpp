#include <sys/time.h>

#include "board_clock.h"
#include "esp_log.h"
#include "esp_netif_sntp.h"

namespace board {
namespace {

constexpr const char* kTag = "time";

BoardClock* synchronised_clock = nullptr;  // the callback has no argument

void on_time(timeval* time) {
  // Called when an answer was taken: a large difference has been stepped by then, a small one is being
  // slewed.
  synchronised_clock->set_synchronised();
  ESP_LOGD(kTag, "synchronised at %lld", static_cast<long long>(time->tv_sec));
}

}  // namespace

bool begin_time_sync(BoardClock& clock, const char* server) {
  synchronised_clock = &clock;
  esp_sntp_config_t config = {};
  config.smooth_sync = true;  // adjtime; where the difference is too large for it, settimeofday
  config.start = true;
  config.sync_cb = &on_time;
  config.ip_event_to_renew = IP_EVENT_STA_GOT_IP;
  config.num_of_servers = 1;
  config.servers[0] = server;
  const esp_err_t error = esp_netif_sntp_init(&config);
  if (error != ESP_OK) ESP_LOGE(kTag, "no SNTP: %s", esp_err_to_name(error));
  return error == ESP_OK;
}

}  // namespace board
