#pragma once

#include "esp_err.h"

extern "C" {
// As a function of C, so that formats are checked.
__attribute__((format(printf, 2, 3))) void esp_idf_log(const char* tag, const char* format, ...);
}

#define ESP_LOGE(tag, ...) esp_idf_log(tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) esp_idf_log(tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) esp_idf_log(tag, __VA_ARGS__)
#define ESP_LOGD(tag, ...) esp_idf_log(tag, __VA_ARGS__)
