#pragma once

#include "esp_event.h"

extern const esp_event_base_t IP_EVENT;
enum ip_event_t { IP_EVENT_STA_GOT_IP, IP_EVENT_STA_LOST_IP };

struct esp_ip4_addr_t {
  uint32_t addr;
};

struct esp_netif_ip_info_t {
  esp_ip4_addr_t ip;
};

struct ip_event_got_ip_t {
  esp_netif_ip_info_t ip_info;
};
