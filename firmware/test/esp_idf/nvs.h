#pragma once

#include "esp_err.h"

using nvs_handle_t = uint32_t;
enum nvs_open_mode_t { NVS_READONLY, NVS_READWRITE };

constexpr esp_err_t ESP_ERR_NVS_NOT_FOUND = 1;
constexpr esp_err_t ESP_ERR_NVS_NO_FREE_PAGES = 2;
constexpr esp_err_t ESP_ERR_NVS_NEW_VERSION_FOUND = 3;

extern "C" {
esp_err_t nvs_open(const char* name_space, nvs_open_mode_t mode, nvs_handle_t* handle);
esp_err_t nvs_get_blob(nvs_handle_t handle, const char* key, void* value, size_t* size);
esp_err_t nvs_set_blob(nvs_handle_t handle, const char* key, const void* value, size_t size);
esp_err_t nvs_erase_key(nvs_handle_t handle, const char* key);
esp_err_t nvs_commit(nvs_handle_t handle);
}
