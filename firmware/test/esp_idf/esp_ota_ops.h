#pragma once

#include "esp_app_desc.h"
#include "esp_partition.h"

enum esp_ota_img_states_t { ESP_OTA_IMG_NEW, ESP_OTA_IMG_PENDING_VERIFY, ESP_OTA_IMG_VALID, ESP_OTA_IMG_UNDEFINED };

extern "C" {
const esp_partition_t* esp_ota_get_running_partition(void);
const esp_partition_t* esp_ota_get_last_invalid_partition(void);
esp_err_t esp_ota_get_state_partition(const esp_partition_t* partition, esp_ota_img_states_t* state);
esp_err_t esp_ota_get_partition_description(const esp_partition_t* partition, esp_app_desc_t* description);
esp_err_t esp_ota_mark_app_valid_cancel_rollback(void);
}
