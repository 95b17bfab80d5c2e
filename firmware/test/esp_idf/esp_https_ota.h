#pragma once

#include "esp_app_desc.h"
#include "esp_http_client.h"

using esp_https_ota_handle_t = void*;

constexpr esp_err_t ESP_ERR_HTTPS_OTA_IN_PROGRESS = 1;

struct esp_https_ota_config_t {
  const esp_http_client_config_t* http_config;
};

extern "C" {
esp_err_t esp_https_ota_begin(const esp_https_ota_config_t* config, esp_https_ota_handle_t* update);
esp_err_t esp_https_ota_get_img_desc(esp_https_ota_handle_t update, esp_app_desc_t* description);
esp_err_t esp_https_ota_perform(esp_https_ota_handle_t update);
bool esp_https_ota_is_complete_data_received(esp_https_ota_handle_t update);
esp_err_t esp_https_ota_finish(esp_https_ota_handle_t update);
esp_err_t esp_https_ota_abort(esp_https_ota_handle_t update);
}
