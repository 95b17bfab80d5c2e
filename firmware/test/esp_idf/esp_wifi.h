#pragma once

#include "esp_event.h"
#include "esp_netif.h"

extern const esp_event_base_t WIFI_EVENT;
enum wifi_event_t { WIFI_EVENT_STA_START, WIFI_EVENT_STA_DISCONNECTED };
enum wifi_auth_mode_t { WIFI_AUTH_OPEN, WIFI_AUTH_WPA2_PSK };
enum wifi_storage_t { WIFI_STORAGE_FLASH, WIFI_STORAGE_RAM };
enum wifi_mode_t { WIFI_MODE_NULL, WIFI_MODE_STA };
enum wifi_interface_t { WIFI_IF_STA };
enum wifi_ps_type_t { WIFI_PS_NONE, WIFI_PS_MIN_MODEM, WIFI_PS_MAX_MODEM };

struct wifi_event_sta_disconnected_t {
  uint8_t reason;
};

struct wifi_sta_config_t {
  uint8_t ssid[32];
  uint8_t password[64];
  uint16_t listen_interval;
  struct {
    wifi_auth_mode_t authmode;
  } threshold;
};

union wifi_config_t {
  wifi_sta_config_t sta;
};

struct wifi_init_config_t {
  int magic;
};

#define WIFI_INIT_CONFIG_DEFAULT() {1}

extern "C" {
esp_netif_t* esp_netif_create_default_wifi_sta(void);
esp_err_t esp_wifi_init(const wifi_init_config_t* config);
esp_err_t esp_wifi_set_storage(wifi_storage_t storage);
esp_err_t esp_wifi_set_mode(wifi_mode_t mode);
esp_err_t esp_wifi_set_config(wifi_interface_t interface, wifi_config_t* config);
esp_err_t esp_wifi_set_ps(wifi_ps_type_t type);
esp_err_t esp_wifi_start(void);
esp_err_t esp_wifi_connect(void);
esp_err_t esp_wifi_sta_get_rssi(int* rssi_dbm);
}
