#pragma once

#include "esp_err.h"
#include "esp_netif_types.h"

struct esp_netif_obj;
using esp_netif_t = esp_netif_obj;

#define IPSTR "%d.%d.%d.%d"
#define IP2STR(ip)                                                                  \
  static_cast<int>((ip)->addr & 0xFF), static_cast<int>(((ip)->addr >> 8) & 0xFF), \
      static_cast<int>(((ip)->addr >> 16) & 0xFF), static_cast<int>((ip)->addr >> 24)

extern "C" {
esp_err_t esp_netif_init(void);
}
