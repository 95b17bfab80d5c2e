#pragma once

#include "esp_err.h"
#include "esp_netif_types.h"
#include "sdkconfig.h"

struct esp_sntp_config_t {
  ip_event_t ip_event_to_renew;
  size_t num_of_servers;
  const char* servers[CONFIG_LWIP_SNTP_MAX_SERVERS];
};

extern "C" {
esp_err_t esp_netif_sntp_init(const esp_sntp_config_t* config);
esp_err_t esp_netif_sntp_start(void);
}
